import { McpServer as FirstServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { answerAsMcp } from './deployment.ts'
import type { Serve } from './over-bare.ts'

const Ticket = z.object({ id: z.number(), client_id: z.number(), summary: z.string() })
const inputSchema = z.object({ status: z.string().max(20).optional() })
const outputSchema = z.object({ tickets: z.array(Ticket) })

const toolOf = (index: number) => ({ title: `List ${index}`, description: 'Lists tickets.', inputSchema, outputSchema })

/** What somebody would write without us: so many tools on a plain `McpServer`, with a prefix before their names. */
export function secondServer(tools: number, prefix = ''): McpServer {
  const server = new McpServer({ name: 'bare', version: '1' })
  for (let index = 0; index < tools; index++) server.registerTool(`${prefix}list_${index}`, toolOf(index), answerAsMcp)
  return server
}

/** The same on the first line. */
export function firstServer(tools: number): FirstServer {
  const server = new FirstServer({ name: 'bare', version: '1' })
  for (let index = 0; index < tools; index++) server.registerTool(`list_${index}`, toolOf(index), answerAsMcp)
  return server
}

/** A server for each request, by the SDK's own entry. */
export function secondHosting(make: () => McpServer): Serve {
  const handler = createMcpHandler(make)
  return (request) => handler.fetch(request)
}

/** A server and a transport for each request: what the first line's examples do without sessions. */
export const firstHosting = (make: () => FirstServer): Serve => async (request) => {
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  await make().connect(transport)
  return transport.handleRequest(request)
}
