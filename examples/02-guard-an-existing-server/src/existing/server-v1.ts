import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js'
import { CLOSE, draft, HANDBOOK, lines, LIST, page, REPLY, REPLY_ARGUMENTS, text, TICKET, WIPE, type Desk, type TenantOf } from './tickets.ts'

/** The help desk as an MCP server: three tools, a page, a page for each ticket, a prompt. */
export function makeServer(desk: Desk, tenantOf: TenantOf): McpServer {
  const server = new McpServer({ name: 'desk', version: '1.4.0' })
  server.registerTool('list_tickets', LIST, async ({ status }, extra) => text(lines(desk.list(tenantOf(extra), status))))
  server.registerTool('close_ticket', CLOSE, async ({ id }, extra) => text(lines([desk.close(tenantOf(extra), id)])))
  server.registerTool('wipe_tickets', WIPE, async (_, extra) => text(`${desk.wipe(tenantOf(extra))} tickets deleted`))
  server.registerResource('handbook', HANDBOOK, { title: 'Handbook' }, async (uri) => page(uri, 'Be kind. Close what is done.'))
  server.registerResource('ticket', new ResourceTemplate(TICKET, { list: undefined }), { title: 'One ticket' }, async (uri, { id }, extra) =>
    page(uri, lines([desk.find(tenantOf(extra), Number(id))])),
  )
  server.registerPrompt('reply', { ...REPLY, argsSchema: REPLY_ARGUMENTS.shape }, ({ id }, extra) => draft(desk.find(tenantOf(extra), Number(id))))
  return server
}
