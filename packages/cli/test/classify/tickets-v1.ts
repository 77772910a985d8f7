import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'

/** The same on the first line. */
export function tickets(): McpServer {
  const server = new McpServer({ name: 'tickets', version: '1.0.0' }, { capabilities: { resources: { subscribe: true } } })
  const run = () => ({ content: [] })
  server.registerTool('list_tickets', { description: 'Lists tickets.', annotations: { readOnlyHint: true } }, run)
  server.registerTool('close_ticket', { description: 'Closes a ticket\n// for good', annotations: { destructiveHint: false } }, run)
  server.registerTool('wipe', {}, run)
  server.registerPrompt('greet', {}, () => ({ messages: [] }))
  server.registerResource('a', 'file:///a', {}, () => ({ contents: [] }))
  if (process.argv.includes('late')) server.server.oninitialized = () => void server.registerTool('late', {}, run)
  return server
}

if (process.argv[1] === import.meta.filename) await tickets().connect(new StdioServerTransport() as Transport)
