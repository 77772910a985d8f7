import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import express from 'express'
import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { humanToken, stage, url } from '../../mcp/test/world.ts'
import { gateway } from '../src/index.ts'
import { gateway as gatewayV1 } from '../src/v1.ts'

const LEGS = [
  { line: 'v2', made: gateway, era: 'legacy' },
  { line: 'v2', made: gateway, era: 'modern' },
  { line: 'v1', made: gatewayV1, era: 'legacy' },
] as const

async function connected({ made: serve, era }: (typeof LEGS)[number], capabilities: object) {
  const set = await stage()
  const server = await new Promise<Server>((resolve) => {
    const made: Server = express().use(serve(set.portcullis, { sessions: {} })).listen(0, '127.0.0.1', () => resolve(made))
  })
  const client = new Client({ name: 'test', version: '1' }, { capabilities, versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' } })
  const asked: Record<string, unknown>[] = []
  if (Object.hasOwn(capabilities, 'elicitation')) {
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      asked.push(params)
      return { action: 'accept' as const }
    })
  }
  const requestInit = { headers: { authorization: `Bearer ${await set.token('bot')}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`), { requestInit }))
  const dispose = set[Symbol.asyncDispose]
  return Object.assign(set, {
    client, asked,
    async [Symbol.asyncDispose]() {
      await client.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await dispose()
    },
  })
}

const denialOf = (result: object) => (result as { _meta?: Record<string, { code: string; approvalId: string }> })._meta?.['dev.portcullis/denial']
const wipe = { name: 'psa.wipe', arguments: { id: 1 } }

for (const leg of LEGS) {
  const { line, era } = leg
  verifies(['AP-06', 'AP-01', 'approval_pending'], `a client that opens links gets the requester’s page once, however often it comes back; accepting approves nothing (${line}, ${era})`, async () => {
    await using set = await connected(leg, { elicitation: { url: {} } })
    const first = denialOf(await set.client.callTool(wipe))
    expect(first).toMatchObject({ code: 'approval_pending', approvalId: expect.stringMatching(/^apr_/) })
    expect(set.asked).toMatchObject([{ mode: 'url', url: `${url}/approvals/${first?.approvalId}/status` }])
    for (let again = 0; again < 3; again++) expect(denialOf(await set.client.callTool(wipe))).toMatchObject({ code: 'approval_pending', approvalId: first?.approvalId })
    expect([set.asked.length, set.jobs.length]).toEqual([1, 0])
    await set.portcullis.approvals.vote({ token: humanToken('bo') }, first?.approvalId ?? '', { decision: 'approve', reason: 'fine' })
    expect(await set.client.callTool(wipe)).toMatchObject({ structuredContent: {} })
    expect(set.jobs).toHaveLength(1)
  })

  verifies('approval_required', `a client that opens no links is told in words, and asked nothing (${line}, ${era})`, async () => {
    for (const capabilities of [{}, { elicitation: { form: {} } }]) {
      await using set = await connected(leg, capabilities)
      expect(denialOf(await set.client.callTool(wipe))).toMatchObject({ code: 'approval_required' })
      expect(denialOf(await set.client.callTool(wipe))).toMatchObject({ code: 'approval_pending' })
      expect(set.asked).toEqual([])
    }
  })
}
