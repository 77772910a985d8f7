/**
 * Portcullis for Express 5, on `@modelcontextprotocol/sdk` (the first SDK line).
 * @packageDocumentation
 */
import type { Portcullis } from '@portcullis/core'
import { mcpHost, type McpHostOptions } from '@portcullis/mcp/v1'
import type { RequestHandler } from 'express'
import { binding, type BindingOptions } from './binding.ts'

export interface GatewayOptions extends BindingOptions, McpHostOptions {}

/**
 * The same as the `gateway` of the root entry, for clients of 2025: `app.use(gateway(portcullis))`, before any body parser and without a
 * path. Requests for other paths go on to the next handler. A client that goes away cancels its call.
 */
export function gateway(portcullis: Portcullis, options: GatewayOptions = {}): RequestHandler {
  return binding(portcullis, options, mcpHost)
}
