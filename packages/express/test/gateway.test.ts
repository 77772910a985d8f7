import { connect } from 'node:net'
import { request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import express, { type Express } from 'express'
import { expect, test, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { humanToken, logOf, stage, type Stage } from '../../mcp/test/world.ts'
import { gateway } from '../src/index.ts'

interface Listening extends Stage, AsyncDisposable {
  readonly origin: string
  readonly port: number
  client(token: string, era: 'legacy' | 'modern', path?: string): Promise<Client>
}

async function listening(mount: (app: Express, set: Stage) => void = (app, set) => void app.use(gateway(set.portcullis, { onFault: (fault) => set.warnings.push(fault) }))): Promise<Listening> {
  const set = await stage()
  const app = express()
  mount(app, set)
  const server = await new Promise<Server>((resolve) => { const made: Server = app.listen(0, '127.0.0.1', () => resolve(made)) })
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  const clients: Client[] = []
  const dispose = set[Symbol.asyncDispose]
  return Object.assign(set, {
    origin, port,
    async client(token: string, era: 'legacy' | 'modern', path = '/mcp') {
      const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' } })
      await client.connect(new StreamableHTTPClientTransport(new URL(path, origin), { requestInit: { headers: { authorization: `Bearer ${token}` } } }))
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await dispose()
    },
  })
}

const denialOf = (result: { _meta?: Record<string, unknown> | undefined }) => result._meta?.['dev.portcullis/denial'] as { code: string; decisionId: string; approvalId?: string }

for (const era of ['legacy', 'modern'] as const) {
  verifies(['EM-01', 'IS-03'], `the official client lists and calls, and sees its customer only (${era})`, async () => {
    await using set = await listening()
    const client = await set.client(await set.token('bot'), era)
    const { tools, _meta, ...rest } = await client.listTools()
    expect(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint, annotations?.destructiveHint])).toEqual([['psa.close', false, false], ['psa.list', true, false], ['psa.wipe', false, true]])
    expect(_meta).toMatchObject({ 'dev.portcullis/calls': 0 })
    if (era === 'modern') expect(rest).toMatchObject({ ttlMs: 5_000, cacheScope: 'private' })
    const result = await client.callTool({ name: 'psa.list', arguments: {} })
    expect(result.structuredContent).toEqual({ tickets: [{ id: 1, client_id: 10, summary: 'mine' }] })
    expect(result.content).toEqual([{ type: 'text', text: JSON.stringify(result.structuredContent) }])
    if (era === 'legacy') expect(await client.ping()).toEqual({})
  })

  verifies(['CH-14', 'customer_out_of_scope'], `a denial reaches the client whole, also of a tool with an output schema (${era})`, async () => {
    await using set = await listening()
    const client = await set.client(await set.token('bot'), era)
    await client.listTools() // from here on the client checks results against the output schemas
    const denied = await client.callTool({ name: 'psa.close', arguments: { id: 2 } })
    expect(denied).toMatchObject({ isError: true, content: [{ type: 'text', text: expect.stringContaining('code customer_out_of_scope') }] })
    expect(denied).not.toHaveProperty('structuredContent')
    expect(denialOf(denied)).toMatchObject({ gate: 'policy', code: 'customer_out_of_scope', effect: 'none', decisionId: expect.stringMatching(/^dec_/) })
    const held = await client.callTool({ name: 'psa.wipe', arguments: { id: 1 } })
    expect(denialOf(held)).toMatchObject({ code: 'approval_required', approvalId: expect.stringMatching(/^apr_/) })
    expect(set.jobs).toEqual([])
  })

  verifies(['CH-15', 'tool_unknown'], `a tool that the caller may not know is one that does not exist (${era})`, async () => {
    await using set = await listening()
    const client = await set.client(await set.token('rival'), era)
    const errors = await Promise.all(['psa.invented', 'northwind', 'halo.list'].map((name) => client.callTool({ name, arguments: {} }).catch((error: unknown) => error)))
    for (const error of errors) expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('Unknown tool') })
    expect(new Set(errors.map((error) => JSON.stringify([(error as Error).message, (error as { data?: unknown }).data]))).size).toBe(1)
  })

  test(`no token does not get in (${era})`, async () => {
    await using set = await listening()
    await expect(set.client('x.y.z', era)).rejects.toThrow(/401|authoriz|token_invalid/i)
  })

  verifies(['scope_forbids', 'step_up_required'], `a better token is asked for in a way that clients end with (${era})`, async () => {
    await using set = await listening()
    const narrow = await set.client(await set.token('narrow', { scopes: ['tool:psa.list'] }), era)
    await expect(narrow.callTool({ name: 'psa.close', arguments: { id: 1 } })).rejects.toMatchObject({ requiredScope: 'tool:psa.close' })
    const stale = await set.client(humanToken('op', 3_600), era)
    expect((await stale.listTools()).tools.find(({ name }) => name === 'psa.export')?._meta).toEqual({ 'dev.portcullis/tool': { needsApproval: false, cure: 'step_up_required' } })
    await expect(stale.callTool({ name: 'psa.export', arguments: {} })).rejects.toThrow('step_up_required')
    expect(set.jobs).toEqual([])
  })

  verifies('AP-01', `what was held runs after somebody else's approval over HTTP (${era})`, async () => {
    await using set = await listening()
    const client = await set.client(await set.token('bot'), era)
    const { approvalId } = denialOf(await client.callTool({ name: 'psa.wipe', arguments: { id: 1 } }))
    const voted = await fetch(`${set.origin}/approvals/${approvalId}/votes`, { method: 'POST', headers: { authorization: `Bearer ${humanToken('bo')}`, 'content-type': 'application/json' }, body: JSON.stringify({ decision: 'approve', reason: 'fine' }) })
    expect([voted.status, await voted.json()]).toMatchObject([200, { state: 'granted' }])
    expect(await client.callTool({ name: 'psa.wipe', _meta: { 'dev.portcullis/approval': approvalId } })).toMatchObject({ structuredContent: {} })
    expect(set.jobs.map(({ input }) => input)).toEqual([{ id: 1 }])
  })
}

verifies('IS-01', 'TEN-08: two tenants and two customers, interleaved on one server, never meet', async () => {
  await using set = await listening()
  set.answer = async ({ tenant }) => ({ kind: 'succeeded', value: { tickets: [{ id: 1, client_id: 10, summary: `${tenant} 10` }, { id: 2, client_id: 20, summary: `${tenant} 20` }] } })
  const admin = await set.token('admin')
  const clients = await Promise.all([
    set.client(await set.token('bot'), 'modern'), set.client(await set.token('rival'), 'legacy'), set.client(admin, 'modern', '/mcp/customers/globex'), set.client(admin, 'legacy', '/mcp/customers/acme'),
  ])
  const expected = ['northwind 10', 'southridge 20', 'northwind 20', 'northwind 10']
  await Promise.all(Array.from({ length: 25 }, () => clients.map(async (client, at) => {
    const { structuredContent } = await client.callTool({ name: 'psa.list', arguments: {} })
    expect((structuredContent as { tickets: { summary: string }[] }).tickets.map(({ summary }) => summary)).toEqual([expected[at]])
  })).flat())
})

verifies('SE-03', 'AUT-16: the token and the vendor credential are in no answer, job, warning or log', async () => {
  await using set = await listening()
  const token = await set.token('bot')
  set.answer = async ({ tool }) => { if (tool.name === 'list') throw new Error('a vendor that fails'); return { kind: 'succeeded', value: {} } }
  const client = await set.client(token, 'modern')
  const seen: unknown[] = [await client.listTools(), await client.callTool({ name: 'psa.list', arguments: {} }), await client.callTool({ name: 'psa.close', arguments: { id: 1 } }), await client.callTool({ name: 'psa.wipe', arguments: { id: 1 } })]
  seen.push(set.jobs.map(({ credential: _, ...job }) => Object.entries(job).map(([name, value]) => [name, typeof value === 'object' ? Object.keys(value ?? {}) : value])))
  seen.push(await logOf(set.portcullis))
  const everything = JSON.stringify(seen)
  expect(everything).toContain('dec_')
  const signature = token.split('.')[2]!
  for (const secret of [token, signature, 'vendor-key-12345678', 'a vendor that fails']) expect(everything).not.toContain(secret)
  expect(inspect(set.warnings, { depth: 10 })).not.toContain(signature)
  expect(set.warnings).not.toEqual([])
})

verifies('cancelled', 'MCP-04: a client that goes away cancels its call', async () => {
  await using set = await listening()
  const token = await set.token('bot')
  for (const era of ['legacy', 'modern'] as const) {
    const meta = era === 'legacy' ? {} : { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} } }
    const started = Promise.withResolvers<AbortSignal>()
    const finished = Promise.withResolvers<void>()
    set.answer = ({ signal }) => new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        resolve({ kind: 'not_sent', code: 'cancelled' })
        finished.resolve()
      })
      started.resolve(signal)
    })
    const gone = new AbortController()
    const asked = fetch(`${set.origin}/mcp`, {
      method: 'POST', signal: gone.signal, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'psa.list', ...meta } }),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(era === 'legacy' ? {} : { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'psa.list' }) },
    })
    expect((await started.promise).aborted).toBe(false)
    gone.abort()
    await expect(asked).rejects.toThrow('abort')
    await finished.promise
    expect((await started.promise).aborted).toBe(true)
  }
  await vi.waitFor(async () => expect((await logOf(set.portcullis)).match(/"code":"cancelled"/g)).toHaveLength(2))
})

test('an answer in time aborts nothing', async () => {
  await using set = await listening()
  const client = await set.client(await set.token('bot'), 'legacy')
  await client.callTool({ name: 'psa.list', arguments: {} })
  expect(set.jobs[0]?.signal.aborted).toBe(false)
})

test('behind express.json() there is one sentence that names the fix', async () => {
  await using set = await listening((app, { portcullis }) => void app.use(express.json()).use(gateway(portcullis)))
  const response = await fetch(`${set.origin}/mcp`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${await set.token('bot')}` }, body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' })
  expect([response.status, await response.text()]).toEqual([500, 'The Portcullis gateway must see the raw request body: call app.use(gateway(…)) before express.json() and any other body parser.\n'])
})

test('mounted below a path there is one sentence that names the fix; other paths are the application’s', async () => {
  await using set = await listening((app, { portcullis }) => void app.use('/mcp', gateway(portcullis)).use('/api', gateway(portcullis)).get('/api/hello', (_, response) => void response.send('hello')))
  const response = await fetch(`${set.origin}/mcp`, { method: 'POST' })
  expect([response.status, await response.text()]).toEqual([500, 'The Portcullis gateway must be mounted at the root: call app.use(gateway(…)) without a path.\n'])
  expect(await (await fetch(`${set.origin}/api/hello`)).text()).toBe('hello')
})

verifies(['malformed', 'request_too_deep', 'request_too_large'], 'DOS-01: hostile bodies are refused over real sockets', async () => {
  await using set = await listening()
  const token = await set.token('bot')
  const post = async (body: string) => {
    const response = await fetch(`${set.origin}/mcp`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }, body })
    return [response.status, ((await response.json()) as { error: { data: { code: string } } }).error.data.code]
  }
  expect(await post('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"psa.list","name":"psa.wipe"}}')).toEqual([400, 'malformed'])
  expect(await post(`{"jsonrpc":"2.0","id":1,"method":"ping","params":${'{"a":'.repeat(70)}1${'}'.repeat(70)}}`)).toEqual([400, 'request_too_deep'])
  expect(await post('x'.repeat(2 * 1024 * 1024))).toEqual([413, 'request_too_large'])
  expect(set.jobs).toEqual([])
})

test('a body without a length is cut off at the limit too', async () => {
  await using set = await listening()
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest(`${set.origin}/mcp`, { method: 'POST', headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.on('error', reject)
    const piece = 'x'.repeat(65_536)
    for (let sent = 0; sent < 20; sent++) request.write(piece)
  })
  expect(status).toBe(413)
})

test('methods that a fetch-style request cannot have are not served, and are nobody’s fault', async () => {
  await using set = await listening()
  const status = (method: string, path: string) => new Promise<unknown[]>((resolve, reject) => {
    httpRequest(`${set.origin}${path}`, { method }, (response) => resolve([response.resume().statusCode, response.headers.allow])).on('error', reject).end()
  })
  for (const [path, allow] of [['/mcp', 'POST'], ['/oauth/token', 'POST'], ['/health', 'GET'], ['/.well-known/jwks.json', 'GET'], ['/approvals/apr_x', 'GET']] as const) {
    for (const method of ['TRACE', 'PUT', 'PROPFIND', 'OPTIONS', 'M-SEARCH']) expect(await status(method, path), `${method} ${path}`).toEqual([405, allow])
  }
  expect(await status('TRACE', '/elsewhere')).toEqual([404, undefined])
  expect(set.warnings.filter((warning) => !Array.isArray(warning))).toEqual([])
})

/** Sends bytes as they are, and answers with the status line and the body. */
const raw = (port: number, lines: readonly string[], body = ''): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(`${[...lines, 'host: localhost', 'connection: close', `content-length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`))
    let answer = ''
    socket.on('data', (chunk) => { answer += chunk.toString() })
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })

test('CUS-03: targets that are not in normal form are nobody’s, and a second Authorization header is seen', async () => {
  await using set = await listening()
  const token = await set.token('admin')
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"psa.list"}}'
  const headers = ['content-type: application/json', 'accept: application/json, text/event-stream', `authorization: Bearer ${token}`]
  expect(await raw(set.port, ['POST /mcp/customers/acme HTTP/1.1', ...headers], body)).toContain('"summary\\":\\"mine')
  set.jobs.length = 0
  for (const target of ['/mcp/customers/globex/../acme', '/mcp/customers/%2e%2e/customers/acme', '/mcp/./customers/acme', '/mcp\\customers\\acme', '//mcp/customers/acme', '/mcp/customers/acme#x', 'http://localhost/mcp/customers/acme', '/mcp/customers/acme/', '/x/../mcp/customers/acme']) {
    expect(await raw(set.port, [`POST ${target} HTTP/1.1`, ...headers], body), target).toMatch(/^HTTP\/1\.1 40[04] /)
  }
  expect(await raw(set.port, ['POST /mcp/customers/acme HTTP/1.1', ...headers, 'authorization: Bearer x'], body)).toMatch(/^HTTP\/1\.1 400 /)
  expect(await raw(set.port, ['POST /mcp/customers/acme HTTP/1.1', ...headers, 'portcullis-tenant: northwind', 'portcullis-tenant: southridge'], body)).toContain('tenant_mismatch')
  expect(set.jobs).toEqual([])
})
