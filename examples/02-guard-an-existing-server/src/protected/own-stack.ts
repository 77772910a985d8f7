import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { protect } from '@portcullis/mcp'
import { gateway } from '@portcullis/express/v1'
import express from 'express'
import { makeServer } from '../existing/server-v1.ts'
import { tenantOf } from '../own.ts'
import { listening, type Combination } from './combination.ts'

/**
 * For a stack that stays as it is: the factory is wrapped, the transport, the parser and the path are whose they were. The gateway beside
 * it serves tokens and approvals alone.
 */
export const ownStack: Combination = {
  name: 'SDK v1 on an Express stack of its own, with protect()',
  endpoint: '/tickets/mcp',
  front: false,
  makeServer: (desk) => makeServer(desk, tenantOf),
  serve: (portcullis, desk, port) => {
    const guarded = protect(portcullis, () => makeServer(desk, tenantOf))
    const app = express()
      .use(gateway(portcullis))
      .use(express.json())
      .post('/tickets/mcp', async (request, response) => {
        const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
        await guarded().connect(transport)
        await transport.handleRequest(request, response, request.body)
      })
    return listening(app.listen(port, '127.0.0.1'))
  },
}
