import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'
import { makeServer } from './server-v1.ts'
import type { Desk, TenantOf } from './tickets.ts'

/** Whose tickets: whatever the client wrote into a header. */
const tenantOf: TenantOf = (context) => {
  const { requestInfo } = context as { readonly requestInfo?: { readonly headers: Readonly<Record<string, unknown>> } }
  return String(requestInfo?.headers['x-tenant'])
}

/** The server as it was before: nobody is asked who they are, and everybody may do everything. */
export const unprotected = (desk: Desk) =>
  express()
    .use(express.json())
    .post('/mcp', async (request, response) => {
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
      await makeServer(desk, tenantOf).connect(transport)
      await transport.handleRequest(request, response, request.body)
    })
