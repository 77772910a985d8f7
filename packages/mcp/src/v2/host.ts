import type { Portcullis } from '@portcullis/core'
import type { McpHostOptions } from '../host-options.ts'
import type { Host } from '../host.ts'
import { serveOn } from '../serve.ts'
import { line } from './line.ts'

/** Serves both protocol eras: 2026-07-28 with a fresh server for every request, 2025 the same way or in sessions. */
export function mcpHost(portcullis: Portcullis, options: McpHostOptions = {}): Host {
  return serveOn((behind) => line(portcullis, options, behind), portcullis, options)
}
