/**
 * Portcullis for Fastify 5, on `@modelcontextprotocol/sdk` (the first SDK line).
 * @packageDocumentation
 */
import type { Portcullis } from '@portcullis/core'
import { mcpHost, type McpHostOptions } from '@portcullis/mcp/v1'
import type { FastifyPluginCallback } from 'fastify'
import { binding, type BindingOptions } from './binding.ts'

export interface GatewayOptions extends BindingOptions, McpHostOptions {}

/**
 * The same as the `gateway` of the root entry, for clients of 2025: `await app.register(gateway(portcullis))`, on the application itself and
 * without a prefix. It answers before bodies are parsed; requests for other paths go on to the application's routes. A client that goes
 * away cancels its call, and closing the application ends what is under way.
 */
export function gateway(portcullis: Portcullis, options: GatewayOptions = {}): FastifyPluginCallback<{ prefix?: string }> {
  return binding(portcullis, options, mcpHost)
}
