import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import express from 'express'
import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { stage, type Account } from '../../mcp/test/world.ts'
import { gateway } from '../src/index.ts'

/** The official client of the first SDK line, which checks every result against the tool's output schema. */
async function connected(account: Account) {
  const set = await stage()
  const server = await new Promise<Server>((resolve) => {
    const made: Server = express().use(gateway(set.portcullis)).listen(0, '127.0.0.1', () => resolve(made))
  })
  const client = new Client({ name: 'test', version: '1' })
  const requestInit = { headers: { authorization: `Bearer ${await set.token(account)}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`), { requestInit }) as Parameters<Client['connect']>[0])
  const dispose = set[Symbol.asyncDispose]
  return Object.assign(set, {
    client,
    async [Symbol.asyncDispose]() {
      await client.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await dispose()
    },
  })
}

const denialOf = (result: object): unknown => (result as { _meta?: Record<string, unknown> })._meta?.['dev.portcullis/denial']

verifies(['CH-14', 'EM-01'], 'a denial of a tool with an output schema reaches the client of the first SDK line whole, and so does a result', async () => {
  await using set = await connected('bot')
  const { tools } = await set.client.listTools()
  expect(tools.every(({ outputSchema }) => outputSchema !== undefined)).toBe(true)
  const denied = await set.client.callTool({ name: 'psa.close', arguments: { id: 2 } })
  expect(denied).toMatchObject({ isError: true, content: [{ type: 'text', text: expect.stringContaining('code customer_out_of_scope') }] })
  expect(denialOf(denied)).toMatchObject({ gate: 'policy', code: 'customer_out_of_scope', effect: 'none' })
  const held = await set.client.callTool({ name: 'psa.wipe', arguments: { id: 1 } })
  expect(denialOf(held)).toMatchObject({ code: 'approval_required', approvalId: expect.stringMatching(/^apr_/) })
  const result = await set.client.callTool({ name: 'psa.list', arguments: {} })
  expect(result).toMatchObject({ structuredContent: { tickets: [{ summary: 'mine' }] }, _meta: { 'dev.portcullis/decision': expect.stringMatching(/^dec_/) } })
})

verifies(['CH-15', 'tool_unknown'], 'an unknown tool is the protocol’s own error to it', async () => {
  await using set = await connected('rival')
  await expect(set.client.callTool({ name: 'psa.invented', arguments: {} })).rejects.toMatchObject({ code: -32602 })
})
