import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CallToolResultSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import express from 'express'
import { describe, expect, test, vi } from 'vitest'
import type { Host, SessionLimits } from '@portcullis/mcp'
import { verifies } from '@portcullis/test-support'
import { deployment, type Deployment } from '../../mcp/test/everything/deployment.ts'
import { everything } from '../../mcp/test/everything/everything.ts'
import { LINES, type MakeHost } from '../../mcp/test/lines.ts'
import { gateway } from '../src/index.ts'

interface Listening extends Deployment, AsyncDisposable {
  readonly origin: string
  readonly host: Host
  post(token: string, body: object, headers?: Record<string, string>, path?: string): Promise<Response>
}

async function listeningOn(mcpHost: MakeHost, sessions: SessionLimits | undefined = {}): Promise<Listening> {
  const set = await deployment(everything(() => undefined))
  const host = mcpHost(set.portcullis, { sessions })
  const server = await new Promise<Server>((resolve) => {
    const made = createServer(express().use(gateway(set.portcullis, { host })))
    made.listen(0, '127.0.0.1', () => resolve(made))
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ...set, origin, host,
    post: (token, body, headers = {}, path = '/mcp/tenant') => fetch(`${origin}${path}`, {
      method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', ...body }),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    }),
    async [Symbol.asyncDispose]() {
      await host.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await set.portcullis.close()
    },
  }
}

const initialize = { id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } }
const begin = async (set: Listening, token = set.token, path?: string): Promise<string> => (await set.post(token, initialize, {}, path)).headers.get('mcp-session-id') ?? ''
const shape = async (response: Response): Promise<string> => JSON.stringify([response.status, Object.fromEntries([...response.headers].filter(([name]) => name !== 'date')), await response.text()])

async function v2(set: Listening, capabilities: object = {}, token = set.token): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { capabilities, versionNegotiation: { mode: 'legacy' } })
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp/tenant', set.origin), { requestInit: { headers: { authorization: `Bearer ${token}` } } }))
  return client
}

async function v1(set: Listening, capabilities: object = {}): Promise<ClientV1> {
  const client = new ClientV1({ name: 'test', version: '1' }, { capabilities })
  await client.connect(new TransportV1(new URL('/mcp/tenant', set.origin), { requestInit: { headers: { authorization: `Bearer ${set.token}` } } }) as Parameters<ClientV1['connect']>[0])
  return client
}

describe.each(LINES)('on $line', ({ mcpHost }) => {
  const listening = (sessions?: SessionLimits) => listeningOn(mcpHost, sessions)

  verifies('IS-01', 'SES-02, SES-01: a session is its principal’s at its endpoint; to everybody else, and once it has ended, it never was', async () => {
    await using set = await listening()
    const id = await begin(set)
    expect(id).toMatch(/^[\w-]{36}$/)
    const ping = { id: 2, method: 'ping' }
    expect((await set.post(set.token, ping, { 'mcp-session-id': id })).status).toBe(200)
    const unknown = [
      await set.post(set.token, ping, { 'mcp-session-id': crypto.randomUUID() }), await set.post(set.other, ping, { 'mcp-session-id': id }), await set.post(set.rival, ping, { 'mcp-session-id': id }),
      await set.post(set.token, ping, { 'mcp-session-id': id }, '/mcp'), await set.post(set.token, { ...ping }, { 'mcp-session-id': 'chosen-by-the-client' }),
    ]
    expect(new Set(await Promise.all(unknown.map(shape))).size).toBe(1)
    expect(unknown[0]?.status).toBe(404)
    const manage = (method: string, token: string) => fetch(`${set.origin}/mcp/tenant`, { method, headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', 'mcp-session-id': id } })
    for (const method of ['GET', 'DELETE']) expect((await manage(method, set.other)).status, method).toBe(404)
    expect((await manage('GET', 'x.y.z')).status).toBe(401)
    expect((await set.post('x.y.z', ping, { 'mcp-session-id': id })).status).toBe(401)
    expect((await manage('DELETE', set.token)).status).toBe(200)
    expect((await set.post(set.token, ping, { 'mcp-session-id': id })).status).toBe(404)
    // Fixation: an id that a client brings along is never taken up.
    expect((await set.post(set.token, initialize, { 'mcp-session-id': 'chosen-by-the-client' })).status).toBe(404)
  })

  verifies('CH-18', 'sessions are capped: one principal’s push out its own, and nobody else’s', async () => {
    await using set = await listening({ perPrincipal: 2, inAll: 3 })
    const others = await begin(set, set.other)
    const mine = [await begin(set), await begin(set), await begin(set)]
    const alive = async (token: string, id: string) => (await set.post(token, { id: 2, method: 'ping' }, { 'mcp-session-id': id })).status
    expect([await alive(set.token, mine[0]!), await alive(set.token, mine[1]!), await alive(set.token, mine[2]!), await alive(set.other, others)]).toEqual([404, 200, 200, 200])
    const refused = await set.post(set.rival, initialize)
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('mcp-session-id')]).toEqual([429, '60', null])
  })

  test('without the option there are no sessions', async () => {
    await using set = await deployment(everything(() => undefined)).then((made) => ({ ...made, [Symbol.asyncDispose]: () => made.portcullis.close() }))
    const host = mcpHost(set.portcullis)
    expect(host.sessions).toBe(false)
  })

  verifies('CH-14', 'a refusal in a session has its status and headers, although answers are streams', async () => {
    await using set = await listening()
    const id = await begin(set)
    const unknown = await set.post(set.token, { id: 2, method: 'tools/call', params: { name: 'invented' } }, { 'mcp-session-id': id })
    expect([unknown.status, unknown.headers.get('content-type'), await unknown.json()]).toEqual([200, 'application/json', { jsonrpc: '2.0', id: 2, error: { code: -32602, message: 'Unknown tool' } }])
    const known = await set.post(set.token, { id: 3, method: 'tools/call', params: { name: 'test_simple_text' } }, { 'mcp-session-id': id })
    expect([known.status, known.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    expect(await known.text()).toContain('This is a simple text response')
  })

  verifies('EM-01', 'both official clients are asked, told of progress and of logs in a session', async () => {
    await using set = await listening()
    const old = await v1(set, { elicitation: {} })
    old.setRequestHandler(ElicitRequestSchema, async () => ({ action: 'accept' as const, content: { name: 'Ada' } }))
    expect(await old.callTool({ name: 'test_input_required_result_elicitation' })).toMatchObject({ content: [{ text: 'Hello, Ada!' }] })
    const progress: number[] = []
    await old.callTool({ name: 'test_tool_with_progress' }, CallToolResultSchema, { onprogress: (said) => progress.push(said.progress) })
    expect(progress).toEqual([0, 50, 100])
    await old.close()

    const client = await v2(set, { elicitation: { form: {} } })
    client.setRequestHandler('elicitation/create', async () => ({ action: 'decline' as const }))
    const logs: unknown[] = []
    client.setNotificationHandler('notifications/message', ({ params }) => void logs.push(params.data))
    expect(await client.callTool({ name: 'test_elicitation', arguments: { message: 'Who?' } })).toMatchObject({ content: [{ text: 'User response: action: decline, content: {}' }] })
    await client.callTool({ name: 'test_tool_with_logging' })
    expect(logs).toEqual(['Tool execution started', 'Tool processing data', 'Tool execution completed'])
    await client.close()
  })

  verifies('cancelled', 'MCP-04: a client that cancels in a session stops its call', async () => {
    await using set = await listening()
    const client = await v2(set)
    const stop = new AbortController()
    const call = client.callTool({ name: 'test_tool_with_progress' }, { signal: stop.signal, onprogress: () => stop.abort() })
    await expect(call).rejects.toThrow()
    await vi.waitFor(async () => {
      let log = ''
      for await (const line of set.portcullis.exportLog('northwind')) log += Buffer.from(line).toString()
      expect(log).toContain('"code":"cancelled"')
    })
    await client.close()
  })

  verifies('IS-01', 'MCP-06: changes of a tenant reach the clients in its sessions, for what they watch, and nobody else’s', async () => {
    await using set = await listening()
    const told: Record<string, string[]> = { mine: [], rivals: [] }
    const clients = await Promise.all([['mine', set.token] as const, ['rivals', set.rival] as const].map(async ([name, token]) => {
      const client = await v2(set, {}, token)
      client.setNotificationHandler('notifications/tools/list_changed', () => void told[name]!.push('tools'))
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => void told[name]!.push(params.uri))
      return client
    }))
    await clients[0]!.subscribeResource({ uri: 'test://watched-resource' })
    for (const uri of ['test://watched-resource', 'test://static-text']) set.host.notify('northwind', { kind: 'resource', uri })
    set.host.notify('northwind', { kind: 'tools' })
    await vi.waitFor(() => expect(told['mine']!.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['test://watched-resource', 'tools']))
    await clients[0]!.unsubscribeResource({ uri: 'test://watched-resource' })
    for (const uri of ['test://watched-resource', 'test://static-text']) set.host.notify('northwind', { kind: 'resource', uri })
    set.host.notify('southridge', { kind: 'tools' })
    await vi.waitFor(() => expect(told['rivals']).toEqual(['tools']))
    expect(told['mine']).toHaveLength(2)
    for (const client of clients) await client.close()
  })

  test('MCP-04: after logging/setLevel only graver logs are heard; what is no level is refused', async () => {
    await using set = await listening()
    const client = await v2(set)
    const logs: unknown[] = []
    client.setNotificationHandler('notifications/message', ({ params }) => void logs.push(params.data))
    await client.setLoggingLevel('warning')
    await client.callTool({ name: 'test_tool_with_logging' })
    expect(logs).toEqual([])
    await client.setLoggingLevel('info')
    await client.callTool({ name: 'test_logging_tool' })
    expect(logs).toEqual(['Something'])
    await expect(client.setLoggingLevel('loud' as 'info')).rejects.toThrow('"code":-32602')
    await client.close()
  })

  verifies('CH-14', 'a client that does not answer what it is asked is told so in our words, and nothing of its own', async () => {
    await using set = await listening()
    const client = await v2(set, { elicitation: { form: {} } })
    client.setRequestHandler('elicitation/create', async () => { throw new Error('c4n4ry') })
    const refused = await client.callTool({ name: 'test_elicitation', arguments: { message: 'Who?' } }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: -32603, message: expect.stringContaining('The client did not answer what it was asked'), data: { effect: 'unknown', retryable: false } })
    expect(JSON.stringify([refused, (refused as Error).message])).not.toContain('c4n4ry')
    await client.close()
  })

  verifies('CH-14', 'what a client did not declare it is not asked; what a tool throws nobody hears', async () => {
    await using set = await listening()
    const id = await begin(set)
    const call = async (name: string) => (await set.post(set.token, { id: 2, method: 'tools/call', params: { name } }, { 'mcp-session-id': id })).text()
    const lacking = await call('test_missing_capability')
    expect(JSON.parse(lacking)).toEqual({ jsonrpc: '2.0', id: 2, error: { code: -32021, message: 'Missing required client capability', data: { requiredCapabilities: { sampling: {} } } } })
    const broken = await call('test_error_handling')
    expect(broken).toContain('"code":"connector_failed"')
    expect(broken).not.toContain('intentionally')
  })

  verifies(['CH-15', 'tool_unknown'], 'in 2025 an unknown resource has a code of its own, and nothing says how long an answer may be kept', async () => {
    await using set = await listening()
    const id = await begin(set)
    for (const session of [{}, { 'mcp-session-id': id }]) {
      const unknown = await set.post(set.token, { id: 2, method: 'resources/read', params: { uri: 'test://invented' } }, session)
      expect([unknown.status, await unknown.json()]).toEqual([200, { jsonrpc: '2.0', id: 2, error: { code: -32002, message: 'Unknown resource' } }])
      const listed = await (await set.post(set.token, { id: 3, method: 'resources/list' }, session)).text()
      expect(listed).toContain('test://static-text')
      expect(listed).not.toMatch(/ttlMs|cacheScope|resultType/)
    }
  })
})

const listening = () => listeningOn(LINES[0].mcpHost)
const MODERN = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} }

/** Opens a stream of changes; `heard` grows with its messages, `over` resolves when it ends. */
async function listen(set: Listening, token: string, notifications: object): Promise<{ readonly status: number; readonly heard: { method?: string; params?: { uri?: string } }[]; readonly over: Promise<void>; readonly body: string }> {
  const response = await set.post(token, { id: 'l', method: 'subscriptions/listen', params: { notifications, _meta: MODERN } }, { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' })
  const heard: { method?: string }[] = []
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return { status: response.status, heard, over: Promise.resolve(), body: await response.text() }
  const over = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) for (const [, data] of decoder.decode(chunk).matchAll(/^data: (.+)$/gm)) heard.push(JSON.parse(data!) as { method?: string })
  })().catch(() => undefined)
  await vi.waitFor(() => expect(heard.map(({ method }) => method)).toContain('notifications/subscriptions/acknowledged'))
  return { status: response.status, heard, over, body: '' }
}

verifies('IS-01', 'MCP-06: changes of a tenant reach its own streams and no other’s, in both eras', async () => {
  await using set = await listening()
  const all = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true, resourceSubscriptions: ['test://watched-resource'] }
  const [mine, rivals, filtered] = [await listen(set, set.token, all), await listen(set, set.rival, all), await listen(set, set.other, { promptsListChanged: true })]
  const client = await v2(set)
  const told: string[] = []
  client.setNotificationHandler('notifications/tools/list_changed', () => void told.push('tools'))
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void told.push(params.uri))
  await client.subscribeResource({ uri: 'test://watched-resource' })
  for (const change of [{ kind: 'tools' }, { kind: 'resource', uri: 'test://watched-resource' }, { kind: 'resource', uri: 'test://static-text' }, { kind: 'prompts' }] as const) set.host.notify('northwind', change)
  await vi.waitFor(() => {
    expect(mine.heard.map(({ method }) => String(method)).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['notifications/prompts/list_changed', 'notifications/resources/updated', 'notifications/subscriptions/acknowledged', 'notifications/tools/list_changed'])
    expect(filtered.heard.map(({ method }) => method)).toEqual(['notifications/subscriptions/acknowledged', 'notifications/prompts/list_changed'])
    expect(told.toSorted()).toEqual(['test://watched-resource', 'tools'])
  })
  set.host.notify('southridge', { kind: 'tools' })
  await vi.waitFor(() => expect(rivals.heard.map(({ method }) => method)).toEqual(['notifications/subscriptions/acknowledged', 'notifications/tools/list_changed']))
  expect(mine.heard).toHaveLength(4)
  await client.close()
})

verifies('CH-16', 'MCP-05: a stream is opened behind the chain, and ends with the rights of its caller', async () => {
  await using set = await listening()
  const asks = { resourceSubscriptions: ['test://invented'] }
  const [invented, unwatched] = [await listen(set, set.token, asks), await listen(set, set.token, { resourceSubscriptions: ['test://static-text'] })]
  expect([invented.body, unwatched.body].map((body) => JSON.parse(body) as unknown)).toEqual(Array.from({ length: 2 }, () => ({ jsonrpc: '2.0', id: 'l', error: { code: -32602, message: 'Unknown resource' } })))
  expect((await listen(set, 'x.y.z', { toolsListChanged: true })).status).toBe(401)
  const open = await listen(set, set.token, { toolsListChanged: true })
  set.pass(901_000) // the token is over
  set.host.notify('northwind', { kind: 'tools' })
  await open.over
  expect(open.heard.map(({ method }) => method)).not.toContain('notifications/tools/list_changed')
})

verifies('CH-18', 'streams of one principal are capped', async () => {
  await using set = await listening()
  const streams = await Promise.all(Array.from({ length: 8 }, () => listen(set, set.token, { toolsListChanged: true })))
  expect(streams.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
  expect((await listen(set, set.token, { toolsListChanged: true })).status).toBe(429)
  expect((await listen(set, set.other, { toolsListChanged: true })).status).toBe(200)
})
