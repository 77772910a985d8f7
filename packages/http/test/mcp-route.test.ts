import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { bytes, MCP, served } from './served.ts'

const call = (name = 'psa.list', args: object = {}) => ({ name, arguments: args })
const summaries = async (response: Response): Promise<unknown> => ((await response.json()) as { result: { structuredContent: { tickets: { summary: string }[] } } }).result.structuredContent.tickets.map(({ summary }) => summary)

verifies('CH-03', 'the endpoint that the client was configured with fixes the reach, and only ever narrows', async () => {
  await using set = await served()
  const admin = await set.token('admin')
  expect(await summaries(await set.rpc('/mcp/customers/acme', admin, 'tools/call', call()))).toEqual(['mine'])
  expect(await summaries(await set.rpc('/mcp/customers/globex', admin, 'tools/call', call()))).toEqual(['theirs'])
  expect(await (await set.rpc('/mcp', admin, 'tools/call', call())).json()).toMatchObject({ error: { code: -31403, data: { gate: 'customer', code: 'customer_required' } } })
  expect(await (await set.rpc('/mcp/tenant', admin, 'tools/call', call())).json()).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'tool_scope_mismatch' } } } })
  expect(await (await set.rpc('/mcp/customers/acme', await set.token('admin', { customer: 'globex' }), 'tools/call', call())).json()).toMatchObject({ error: { data: { code: 'customer_not_found' } } })
})

verifies(['IS-01', 'customer_not_found'], 'foreign, invented, uncovered and disabled customers give the same bytes', async () => {
  await using set = await served()
  const token = await set.token('bot')
  for (const method of ['tools/list', 'tools/call']) {
    const told = await Promise.all(['initech', 'invented', 'globex', 'gone', 'Acme'].map(async (id) => bytes(await set.rpc(`/mcp/customers/${id}`, token, method, call()))))
    expect(new Set(told).size).toBe(1)
    expect(told[0]).toContain('customer_not_found')
  }
})

verifies('customer_invalid', 'CUS-02, CUS-03: a path segment is decoded once and is an id or malformed; nothing is normalised', async () => {
  await using set = await served()
  const token = await set.token('admin')
  const tricks = ['a%2Cb', '%7B%22%24in%22%3A%5B%5D%7D', '%2A', '*', '%00', 'acme%00', 'acme%20', '%20acme', 'acme%E2%80%8B', '%EF%BD%81cme', '%2561cme', '%zz', '%', 'acme%2F..%2Fglobex', 'acme;x=1', 'acme,globex', '%E2%80%AEacme', '__proto__'.replace('__', '_%5F')]
  const told = await Promise.all(tricks.map(async (id) => bytes(await set.rpc(`/mcp/customers/${id}`, token, 'tools/call', call()))))
  for (const [at, answer] of told.entries()) expect(answer, tricks[at]).toContain('customer_invalid')
  expect(new Set(told).size).toBe(1)
  expect(await summaries(await set.rpc('/mcp/customers/%61cme', token, 'tools/call', call()))).toEqual(['mine']) // decoded once, as any client may encode it
  for (const path of ['/mcp/', '/mcp/customers', '/mcp/customers/', '/mcp/customers/acme/', '/mcp/customers/acme/x', '/mcp/tenant/', '/mcp/Tenant', '/MCP', '//mcp', '/mcp//customers/acme']) {
    expect((await set.rpc(path, token, 'tools/call', call())).status, path).toBe(404)
  }
})

verifies(['CH-02', 'tenant_mismatch'], 'TEN-02: our own header must agree with the token, sent once or twice', async () => {
  await using set = await served()
  const token = await set.token('bot')
  const named = (tenant: string) => set.rpc('/mcp', token, 'tools/call', call(), { 'portcullis-tenant': tenant })
  expect(await summaries(await named('northwind'))).toEqual(['mine'])
  expect(await summaries(await named('northwind, northwind'))).toEqual(['mine'])
  const wrong = await Promise.all(['southridge', 'invented', 'northwind, southridge', '', 'NORTHWIND'].map(async (tenant) => bytes(await named(tenant))))
  expect(new Set(wrong).size).toBe(1)
  expect(wrong[0]).toContain('tenant_mismatch')
})

verifies('CH-02', 'TEN-01, TEN-02, TEN-03, TEN-04: places that Portcullis does not define are never read: same bytes with and without', async () => {
  await using set = await served()
  const token = await set.token('bot')
  const plain = await bytes(await set.rpc('/mcp', token, 'tools/call', call('psa.list', { note: 'x' })))
  const foreign: Record<string, string> = {
    'x-tenant-id': 'southridge', 'x-org': 'southridge', tenant: 'southridge', forwarded: 'host=southridge.example', 'x-forwarded-host': 'southridge.example', 'x-original-url': '/mcp/customers/globex',
    'x-rewrite-url': '/mcp/tenant', baggage: 'tenant=southridge', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'tenant=southridge', 'mcp-session-id': 'southridge', cookie: 'tenant=southridge', 'x-customer': 'globex',
  }
  for (const [name, value] of Object.entries(foreign)) expect(await bytes(await set.rpc('/mcp', token, 'tools/call', call('psa.list', { note: 'x' }), { [name]: value })), name).toBe(plain)
  const metas: object[] = [{ tenant: 'southridge' }, { customer: 'globex' }, { 'dev.portcullis/tenant': 'southridge' }, { baggage: 'tenant=southridge' }, { 'dev.portcullis/customer': 'globex' }]
  for (const _meta of metas) expect(await bytes(await set.rpc('/mcp', token, 'tools/call', { ...call('psa.list', { note: 'x' }), _meta })), JSON.stringify(_meta)).toBe(plain)
  for (const more of [{ tenant: 'southridge' }, { tenant_id: 'southridge', customer: 'globex' }, { nested: [{ tenantId: 'southridge' }] }]) expect(await bytes(await set.rpc('/mcp', token, 'tools/call', call('psa.list', { note: 'x', ...more })))).toBe(plain)
  for (const more of [{ tenant: 'southridge' }, { customer: 'globex' }]) expect(await bytes(await set.rpc('/mcp', token, 'tools/call', { ...call('psa.list', { note: 'x' }), ...more }))).toBe(plain)
  expect(await bytes(await set.rpc('/mcp?tenant=southridge&customer=globex', token, 'tools/call', call('psa.list', { note: 'x' })))).toBe(plain)
})

verifies(['CH-01', 'token_missing', 'token_invalid'], 'no token and a bad token are 401 with the challenge, whatever the method', async () => {
  await using set = await served()
  const metadata = 'resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource"'
  for (const method of ['initialize', 'ping', 'server/discover', 'tools/list', 'tools/call', 'resources/list']) {
    const missing = await set.rpc('/mcp', undefined, method, call())
    expect([missing.status, missing.headers.get('www-authenticate')], method).toEqual([401, `Bearer ${metadata}`])
    const invalid = await set.rpc('/mcp/customers/acme', 'not.a.token', method, call())
    expect([invalid.status, invalid.headers.get('www-authenticate')], method).toEqual([401, `Bearer error="invalid_token", ${metadata}`])
    expect(await invalid.json()).toMatchObject({ jsonrpc: '2.0', id: 1, error: { code: -31403, data: { gate: 'authenticate', code: 'token_invalid' } } })
  }
  expect((await set.ask('POST', '/mcp', { headers: MCP, body: '{"jsonrpc":"2.0","method":"notifications/initialized"}' })).status).toBe(401)
})

test('AUT-16: a token in the query, a second header or a malformed one is 400; another scheme is no token', async () => {
  await using set = await served()
  const token = await set.token('bot')
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  const ask = (path: string, ...authorization: string[]) => set.ask('POST', path, { headers: [...Object.entries(MCP), ...authorization.map((value): [string, string] => ['authorization', value])], body })
  expect((await ask('/mcp', `bEaReR  ${token}`)).status).toBe(200)
  for (const [path, ...headers] of [[`/mcp?access_token=${token}`], [`/mcp?access_token=${token}`, `Bearer ${token}`], ['/mcp', `Bearer ${token}`, `Bearer ${token}`], ['/mcp', 'Basic eA==', `Bearer ${token}`], ['/mcp', 'Bearer'], ['/mcp', `Bearer ${token} x`], ['/mcp', 'Bearer a"b']] as const) {
    const response = await ask(path, ...headers)
    expect([response.status, response.headers.get('www-authenticate')], headers.join()).toEqual([400, 'Bearer error="invalid_request"'])
    expect(await response.text()).not.toContain(token)
  }
  expect((await ask('/mcp', 'Basic eA==')).status).toBe(401)
  expect((await set.ask('POST', '/mcp', { headers: MCP, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', access_token: token }) })).status).toBe(400)
  expect(set.jobs).toEqual([])
})

verifies(['malformed', 'request_too_deep', 'request_too_large'], 'DOS-01, MCP-02: bodies are parsed strictly before anybody else sees them', async () => {
  await using set = await served()
  const token = await set.token('bot')
  const ask = async (body: string | Uint8Array, type = 'application/json') => {
    const response = await set.ask('POST', '/mcp', { headers: { ...MCP, 'content-type': type, authorization: `Bearer ${token}` }, body })
    return [response.status, ((await response.json()) as { error: { code: number; data?: { code: string; gate: string } } }).error] as const
  }
  const args = (inner: string): string => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"psa.list","arguments":${inner}}}`
  const duplicate = await ask(args('{"note":"a","note":"b"}'))
  expect(duplicate).toMatchObject([400, { code: -32700, data: { gate: 'ingress', code: 'malformed' } }])
  expect(await ask('{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}')).toEqual(duplicate)
  for (const body of ['', '{', 'null ,', '\uFEFF{}', args('{"note":"\\ud800"}'), new Uint8Array([0x7b, 0xff, 0x7d])]) expect(await ask(body)).toEqual(duplicate)
  expect(await ask(args(`{"note":${'['.repeat(70)}${']'.repeat(70)}}`))).toMatchObject([400, { data: { code: 'request_too_deep' } }])
  expect(await ask(args(`{"note":"${'x'.repeat(2 * 1024 * 1024)}"}`))).toMatchObject([413, { data: { code: 'request_too_large' } }])
  for (const batch of ['[]', `[${args('{}')}]`, 'null', '1', '{}', '{"jsonrpc":"2.0","id":1,"result":{}}', '{"jsonrpc":"2.0","id":null,"method":"ping"}']) expect(await ask(batch), batch).toMatchObject([400, { code: -32600, data: { code: 'malformed' } }])
  expect((await ask(args('{}'), 'text/plain'))[0]).toBe(415)
  expect(set.jobs).toEqual([])
})

verifies('input_invalid', 'arguments of any shape reach the chain, which refuses and records them', async () => {
  await using set = await served()
  const token = await set.token('bot')
  for (const args of [[], 'x', 1, false, { note: 1 }]) {
    expect(await (await set.rpc('/mcp', token, 'tools/call', { name: 'psa.list', arguments: args })).json(), JSON.stringify(args)).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'input_invalid' } } } })
  }
})

test('MCP-03: a request of another host or origin is refused, loopback is not', async () => {
  await using set = await served()
  const token = await set.token('bot')
  const status = async (headers: Record<string, string>) => (await set.rpc('/mcp', token, 'tools/list', {}, headers)).status
  for (const origin of ['https://evil.example', 'null', 'http://mcp.example.com', 'https://mcp.example.com.evil.example', 'https://mcp.example.com:8443', 'https://localhost.evil.example', 'x', 'https://user@mcp.example.com', 'moz-extension://localhost']) expect(await status({ origin }), origin).toBe(403)
  for (const host of ['evil.example', 'mcp.example.com.evil.example', 'mcp.example.com:8443', 'evil.example@localhost', 'localhost/x']) expect(await status({ host }), host).toBe(403)
  for (const headers of [{ origin: 'https://mcp.example.com' }, { origin: 'http://localhost:6274' }, { host: '127.0.0.1:3000' }, { host: '[::1]:1' }, { host: 'mcp.example.com' }]) expect(await status(headers), JSON.stringify(headers)).toBe(200)
})

test('when nobody can tell whether a token holds, it is 503 with Retry-After', async () => {
  await using set = await served()
  const { httpAnswer } = await import('@portcullis/mcp')
  const denial = { kind: 'denial', gate: 'authenticate', message: '', remedy: '', effect: 'none', retryable: true, decisionId: 'dec_1' } as const
  for (const code of ['revocation_unknown', 'clock_unsafe'] as const) expect(httpAnswer({ ...denial, code }, set.portcullis.url)).toEqual({ status: 503, headers: { 'retry-after': '5' } })
})

test('MCP-01: headers of the current revision must match the body', async () => {
  await using set = await served()
  const token = await set.token('bot')
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} }
  const ask = (headers: Record<string, string>) => set.rpc('/mcp', token, 'tools/call', { ...call(), _meta }, { 'mcp-protocol-version': '2026-07-28', ...headers })
  expect(await summaries(await ask({ 'mcp-method': 'tools/call', 'mcp-name': 'psa.list' }))).toEqual(['mine'])
  set.jobs.length = 0
  for (const headers of [{ 'mcp-method': 'tools/list', 'mcp-name': 'psa.list' }, { 'mcp-method': 'tools/call', 'mcp-name': 'psa.wipe' }, { 'mcp-method': 'tools/call' }, { 'mcp-method': 'tools/call', 'mcp-name': 'psa.list', 'mcp-protocol-version': '2025-11-25' }] as Record<string, string>[]) {
    expect((await ask(headers)).status, JSON.stringify(headers)).toBe(400)
  }
  expect(set.jobs).toEqual([])
  expect((await set.rpc('/mcp', token, 'resources/list', { _meta }, { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'resources/list' })).status).toBe(404)
  expect((await set.rpc('/mcp', token, 'resources/list')).status).toBe(200)
})

const modern = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} }

verifies(['CH-16', 'method_unclassified'], 'MCP-05: no other door is open, in either era, also not the ones that the SDK answers by itself', async () => {
  await using set = await served()
  const token = await set.token('bot')
  for (const method of ['subscriptions/listen', 'resources/read', 'prompts/list', 'completion/complete', 'logging/setLevel', 'tasks/get', 'skills/list', 'sampling/createMessage', 'invented']) {
    const params = { uri: 'x', name: 'x', notifications: { toolsListChanged: true } }
    const before = await set.rpc('/mcp', token, method, params)
    expect([before.status, await before.json()], method).toMatchObject([200, { id: 1, error: { code: -32601, data: { code: 'method_unclassified' } } }])
    if (method === 'subscriptions/listen') continue // a door of 2026-07-28, with the chain before it
    const now = await set.rpc('/mcp', token, method, { ...params, _meta: modern }, { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method })
    expect([now.status, await now.json()], method).toMatchObject([404, { id: 1, error: { code: -32601, data: { code: 'method_unclassified' } } }])
  }
})

test('MCP-02: the notification form of a call runs nothing, and notifications that are known are dropped', async () => {
  await using set = await served()
  const headers = { ...MCP, authorization: `Bearer ${await set.token('bot')}` }
  const notify = (method: string, params: object = {}) => set.ask('POST', '/mcp', { headers, body: JSON.stringify({ jsonrpc: '2.0', method, params }) })
  expect(await (await notify('tools/call', call())).json()).toMatchObject({ id: null, error: { code: -32601 } })
  expect(await (await notify('initialize')).json()).toMatchObject({ error: { code: -32601 } })
  for (const method of ['notifications/initialized', 'notifications/cancelled']) expect([(await notify(method, { requestId: 1 })).status, await (await notify(method)).text()]).toEqual([202, ''])
  expect(set.jobs).toEqual([])
})

test('MCP-02, DOS-01: whatever is posted, nothing breaks, nothing runs and nothing is said of the inside', async () => {
  await using set = await served()
  const token = await set.token('bot')
  const member = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('2.0', 'tools/call', 'tools/list', 'initialize', 'ping', 'server/discover', 'psa.invented', { name: 'psa.invented' }, { name: 'psa.list', arguments: { note: 1 } }, { _meta: modern }, { name: 'psa.list', _meta: { 'dev.portcullis/approval': 'x' }, arguments: 1 }))
  const message = fc.oneof(fc.jsonValue(), fc.record({ jsonrpc: fc.constant('2.0'), id: fc.oneof(fc.constant(1), member), method: member, params: member }, { requiredKeys: ['jsonrpc', 'method'] }))
  await fc.assert(fc.asyncProperty(message, fc.boolean(), async (body, current) => {
    const response = await set.ask('POST', '/mcp', { headers: { ...MCP, authorization: `Bearer ${token}`, ...(current ? { 'mcp-protocol-version': '2026-07-28' } : {}) }, body: JSON.stringify(body) })
    expect([200, 202, 400, 404, 429]).toContain(response.status)
    expect(await response.text()).not.toMatch(/ at .*\.[mc]?[jt]s|node_modules/)
  }), { numRuns: 300 })
  expect(set.jobs).toEqual([])
  expect(set.warnings.filter((warning) => Array.isArray(warning) === false)).toEqual([])
})
