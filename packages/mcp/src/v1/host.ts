import type { Portcullis } from '@portcullis/core'
import type { McpHostOptions } from '../host-options.ts'
import type { Host } from '../host.ts'
import { serveOn } from '../serve.ts'
import { line } from './line.ts'

/**
 * Serves clients of 2025 and before as `./v2` does, on the first SDK line. One of 2026-07-28 is told which versions there are, and begins
 * anew.
 */
export function mcpHost(portcullis: Portcullis, options: McpHostOptions = {}): Host {
  return serveOn((behind) => line(portcullis, options, behind), portcullis, options)
}
