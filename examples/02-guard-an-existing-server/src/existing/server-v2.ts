import { McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import { CLOSE, draft, HANDBOOK, lines, LIST, page, REPLY, REPLY_ARGUMENTS, text, TICKET, WIPE, type Desk, type TenantOf } from './tickets.ts'

/** The help desk as an MCP server: three tools, a page, a page for each ticket, a prompt. */
export function makeServer(desk: Desk, tenantOf: TenantOf): McpServer {
  const server = new McpServer({ name: 'desk', version: '1.4.0' })
  server.registerTool('list_tickets', LIST, async ({ status }, context) => text(lines(desk.list(tenantOf(context), status))))
  server.registerTool('close_ticket', CLOSE, async ({ id }, context) => text(lines([desk.close(tenantOf(context), id)])))
  server.registerTool('wipe_tickets', WIPE, async (_, context) => text(`${desk.wipe(tenantOf(context))} tickets deleted`))
  server.registerResource('handbook', HANDBOOK, { title: 'Handbook' }, async (uri) => page(uri, 'Be kind. Close what is done.'))
  server.registerResource('ticket', new ResourceTemplate(TICKET, { list: undefined }), { title: 'One ticket' }, async (uri, { id }, context) =>
    page(uri, lines([desk.find(tenantOf(context), Number(id))])),
  )
  server.registerPrompt('reply', { ...REPLY, argsSchema: REPLY_ARGUMENTS }, ({ id }, context) => draft(desk.find(tenantOf(context), Number(id))))
  return server
}
