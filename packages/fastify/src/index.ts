/**
 * Portcullis for Fastify 5, on `@modelcontextprotocol/server` (the second SDK line).
 * @packageDocumentation
 */
import type { Portcullis } from '@portcullis/core'
import { mcpHost, type McpHostOptions } from '@portcullis/mcp/v2'
import type { FastifyPluginCallback } from 'fastify'
import { binding, type BindingOptions } from './binding.ts'

export interface GatewayOptions extends BindingOptions, McpHostOptions {}

/**
 * Serves everything of Portcullis in a Fastify 5 application: `await app.register(gateway(portcullis))`, on the application itself and
 * without a prefix. It answers before bodies are parsed; requests for other paths go on to the application's routes. A client that goes
 * away cancels its call, and closing the application ends what is under way.
 */
export function gateway(portcullis: Portcullis, options: GatewayOptions = {}): FastifyPluginCallback<{ prefix?: string }> {
  return binding(portcullis, options, mcpHost)
}
