import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { mcpHost } from '../../src/v1/index.ts'
import { hostedOn } from '../hosted.ts'
import { stage } from '../world.ts'

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} }
const HEADER = { 'mcp-protocol-version': '2026-07-28' }

verifies('EM-01', 'whoever speaks 2026-07-28 is told what is spoken here, once gates 1 and 2 let it through', async () => {
  await using set = await hostedOn(mcpHost)
  const asked = { token: await set.token('bot') }
  for (const [params, headers] of [[{ _meta: META }, HEADER], [{ _meta: META }, {}], [{}, HEADER]] as const) {
    for (const method of ['server/discover', 'tools/list', 'subscriptions/listen', 'initialize']) {
      const refused = await set.send(asked, { id: 1, method, params }, undefined, undefined, headers)
      expect([refused.status, await refused.json()]).toEqual([400, { jsonrpc: '2.0', id: 1, error: { code: -32022, message: 'Unsupported protocol version', data: { supported: expect.arrayContaining(['2025-11-25']), requested: '2026-07-28' } } }])
      expect((await set.send({}, { id: 1, method, params }, undefined, undefined, headers)).status).toBe(401)
    }
  }
  const odd = await set.send(asked, { id: 1, method: 'tools/list', params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '<c4n4ry>' } } })
  expect(await odd.text()).not.toContain('c4n4ry')
  expect(set.jobs).toEqual([])
})

verifies('EM-01', 'the official client that tries 2026-07-28 first goes on in 2025-11-25', async () => {
  await using set = await stage()
  const token = await set.token('bot')
  for (const sessions of [{}, undefined]) {
    const host = mcpHost(set.portcullis, { sessions })
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } })
    const asked: string[] = []
    await client.connect(new StreamableHTTPClientTransport(new URL('http://localhost/mcp'), {
      fetch: async (url, init) => {
        const request = new Request(url, init)
        const text = await request.clone().text()
        if (text !== '') asked.push((JSON.parse(text) as { method: string }).method)
        return host.fetch(request, { ...(text === '' ? {} : { body: JSON.parse(text) as unknown }), request: { token } })
      },
    }))
    expect(await client.callTool({ name: 'psa.list', arguments: {} })).toMatchObject({ structuredContent: { tickets: [{ summary: 'mine' }] } })
    expect(asked).toEqual(['server/discover', 'initialize', 'notifications/initialized', 'tools/call'])
    await client.close()
    await host.close()
  }
})

test('MCP-01: without the envelope server/discover is a method that does not exist', async () => {
  await using set = await hostedOn(mcpHost)
  const refused = await set.send({ token: await set.token('bot') }, { id: 1, method: 'server/discover' })
  expect([refused.status, await refused.json()]).toMatchObject([200, { error: { code: -32601, data: { code: 'method_unclassified' } } }])
})

test('SES-03: a call with the id 0 or an empty one can be cancelled, and its answer is nobody else’s', async () => {
  await using set = await hostedOn(mcpHost)
  const asked = { token: await set.token('bot') }
  const session = await set.begin(asked)
  const call = (id: string | number) => ({ id, method: 'tools/call', params: { name: 'psa.list', arguments: {} } })
  for (const id of [0, '']) {
    const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
    const jobs = set.jobs.length
    set.answer = async () => ({ kind: 'succeeded', value: { tickets: [{ id: 1, client_id: 10, summary: await (set.jobs.length === jobs + 1 ? first : second).promise }] } })
    const cancelled = set.send(asked, call(id), session)
    await vi.waitFor(() => expect(set.jobs).toHaveLength(jobs + 1))
    await set.send(asked, { method: 'notifications/cancelled', params: { requestId: id } }, session)
    expect(set.jobs.at(-1)?.signal.aborted).toBe(true)
    expect(await (await cancelled).text()).toBe('')
    const next = set.send(asked, call(id), session)
    await vi.waitFor(() => expect(set.jobs).toHaveLength(jobs + 2))
    first.resolve('of the first')
    await new Promise(setImmediate)
    second.resolve('of the second')
    expect(await (await next).text()).toContain('of the second')
  }
})

test('MCP-04: a client that wants a task gets an answer, as from every server without tasks', async () => {
  await using set = await hostedOn(mcpHost)
  const asked = { token: await set.token('bot') }
  const params = { name: 'psa.list', arguments: {}, task: { ttl: 1_000 }, _meta: { 'io.modelcontextprotocol/related-task': { taskId: 'x' } } }
  const session = await set.begin(asked)
  for (const where of [undefined, session]) expect(await (await set.send(asked, { id: 1, method: 'tools/call', params }, where)).text()).toContain('"structuredContent":{"tickets":[')
  expect(await (await set.send(asked, { id: 2, method: 'tasks/list' }, session)).json()).toMatchObject({ error: { code: -32601 } })
})
