import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'

/** A server somebody wrote, on the second SDK line. */
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

if (process.argv[1] === import.meta.filename) serveStdio(tickets)
