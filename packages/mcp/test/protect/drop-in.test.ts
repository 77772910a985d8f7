import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Server as V1Server } from '@modelcontextprotocol/sdk/server/index.js'
import { McpServer as V1McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createMcpHandler, McpServer, Server, type McpRequestContext } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { expect, expectTypeOf, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Portcullis } from '@portcullis/core'
import { protect } from '../../src/index.ts'
import { table } from './existing.ts'
import { tenants } from './tenants.ts'

const INFO = { name: 'existing', version: '1.0.0' }

test('a protected factory is of the type that it was', () => {
  const types = (portcullis: Portcullis): void => {
    expectTypeOf(protect(portcullis, () => new V1McpServer(INFO))).toEqualTypeOf<() => V1McpServer>()
    expectTypeOf(protect(portcullis, () => new V1Server(INFO))).toEqualTypeOf<() => V1Server>()
    expectTypeOf(protect(portcullis, async () => new Server(INFO))).toEqualTypeOf<() => Promise<Server>>()
    expectTypeOf(protect(portcullis, ({ era }: McpRequestContext) => new McpServer({ ...INFO, title: era }))).toEqualTypeOf<(context: McpRequestContext) => McpServer>()
    createMcpHandler(protect(portcullis, () => new McpServer(INFO)))
    createMcpHandler(protect(portcullis, async ({ era }: McpRequestContext) => new McpServer({ ...INFO, title: era })))
    serveStdio(protect(portcullis, () => new Server(INFO), { token: async () => undefined }))
    // @ts-expect-error a transport is no server
    protect(portcullis, () => new StreamableHTTPServerTransport({ sessionIdGenerator: undefined }))
  }
  expect(types).toBeTypeOf('function')
})

async function listening(handle: RequestListener) {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

verifies(['EM-01', 'CH-01'], 'SES-02: the first line on Node\'s own HTTP, as its examples have it, with sessions that are their owner\'s', async () => {
  await using set = await tenants(table())
  const make = protect(set.portcullis, () => {
    const server = new V1McpServer(INFO)
    server.registerTool('list', {}, async () => ({ content: [{ type: 'text', text: 't1' }] }))
    return server
  })
  const kept = new Map<string, StreamableHTTPServerTransport>()
  await using http = await listening((request: IncomingMessage, response) => void (async () => {
    const transport = kept.get(String(request.headers['mcp-session-id'])) ?? new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: (id) => void kept.set(id, transport) })
    if (transport.sessionId === undefined) await make().connect(transport)
    await transport.handleRequest(request, response)
  })())

  const transport = new FirstTransport(new URL(http.origin), { requestInit: { headers: { authorization: `Bearer ${set.token.admin}` } } })
  const client = new FirstClient({ name: 'test', version: '1' })
  await client.connect(transport)
  expect(await client.callTool({ name: 'list' })).toMatchObject({ content: [{ text: 't1' }] })
  const session = transport.sessionId!
  const as = (token: string | undefined, method: string, body?: object) => fetch(http.origin, {
    method, ...(body === undefined ? {} : { body: JSON.stringify({ jsonrpc: '2.0', ...body }) }),
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json', 'mcp-session-id': session, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  })
  for (const token of [set.token.rival, set.token.operator, undefined]) {
    for (const response of [await as(token, 'GET'), await as(token, 'POST', { id: 1, method: 'tools/list' }), await as(token, 'POST', { id: 1, result: {} }), await as(token, 'DELETE')]) {
      expect([response.status, await response.json()]).toEqual([404, { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } }])
    }
  }
  expect(await client.callTool({ name: 'list' })).toMatchObject({ content: [{ text: 't1' }] })
  expect((await as(set.token.admin, 'DELETE')).status).toBe(200)
  await client.close()
})
