import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { bare, MCP, raw, rpc, served, type Binding } from './binding.ts'

const LIST = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"psa.list"}}'
const OTHER_SDK = { v1: '@modelcontextprotocol/server', v2: '@modelcontextprotocol/sdk' } as const

/** What a binding makes of one request, before anything is asked of the chain. */
export function requestLaws(binding: Binding): void {
  test('the entry needs the SDK of its own line and no other', () => {
    const refuse = `import { registerHooks } from 'node:module'
registerHooks({ resolve: (name, context, next) => { if (name.startsWith('${OTHER_SDK[binding.line]}')) throw new Error('not installed: ' + name); return next(name, context) } })
process.stdout.write(typeof (await import('${binding.entry}')).gateway)`
    const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@portcullis/source', '--input-type=module', '-e', refuse], { cwd: fileURLToPath(new URL(`../../../${binding.entry.split('/')[1]}`, import.meta.url)), encoding: 'utf8' })
    expect([stdout, stderr]).toEqual(['function', ''])
  })

  test('behind somebody who read the body there is one sentence that names the fix', async () => {
    await using set = await served(binding.serveBehindReader)
    const response = await fetch(`${set.origin}/mcp`, { method: 'POST', headers: { ...MCP, authorization: `Bearer ${await set.token('bot')}` }, body: LIST })
    expect([response.status, await response.text()]).toEqual([500, expect.stringMatching(/^The Portcullis gateway must see the raw request body: [^\n]+ before [^\n]+\.\n$/)])
    expect(await (await fetch(`${set.origin}/api/hello`)).text()).toBe('hello')
  })

  test('mounted below a path there is one sentence that names the fix', async () => {
    await using set = await served(binding.serve)
    expect(await binding.mountedBelow(set.portcullis)).toMatch(/^The Portcullis gateway must be (?:mounted|registered) at the root: [^\n]+\.$/)
  })

  verifies(['malformed', 'request_too_deep', 'request_too_large'], 'DOS-01: hostile and absent bodies are refused over real sockets', async () => {
    await using set = await served(binding.serve)
    const token = await set.token('bot')
    const post = async (body?: string) => {
      const response = await fetch(`${set.origin}/mcp`, { method: 'POST', headers: { ...MCP, authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body }) })
      return [response.status, ((await response.json()) as { error: { data: { code: string } } }).error.data.code]
    }
    expect(await post('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"psa.list","name":"psa.wipe"}}')).toEqual([400, 'malformed'])
    expect(await post(`{"jsonrpc":"2.0","id":1,"method":"ping","params":${'{"a":'.repeat(70)}1${'}'.repeat(70)}}`)).toEqual([400, 'request_too_deep'])
    expect(await post('x'.repeat(2 * 1024 * 1024))).toEqual([413, 'request_too_large'])
    expect(await post()).toEqual([400, 'malformed'])
    expect((await fetch(`${set.origin}/mcp`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })).status).toBe(415)
    expect(set.jobs).toEqual([])
  })

  test('a body without a length is cut off at the limit too', async () => {
    await using set = await served(binding.serve)
    const pieces = Array.from({ length: 20 }, () => 'x'.repeat(65_536))
    expect((await bare(set.port, 'POST', '/mcp', { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }, pieces)).status).toBe(413)
  })

  test('what is left of a refused body does not hold up the next request of its connection', async () => {
    await using set = await served(binding.serve)
    const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`
    const refused = ['POST /mcp HTTP/1.1', 'host: localhost', 'content-type: application/json', 'transfer-encoding: chunked', '', `${piece.repeat(40)}0\r\n\r\n`].join('\r\n')
    const answer = await raw(set.port, [`${refused}GET /health HTTP/1.1`])
    expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*request_too_large[^]*HTTP\/1\.1 200 [^]*"status":"ok"/)
  })

  test('methods that a fetch-style request cannot have are not served, and are nobody’s fault', async () => {
    await using set = await served(binding.serve)
    for (const [path, allow] of [['/mcp', 'POST'], ['/oauth/token', 'POST'], ['/health', 'GET'], ['/.well-known/jwks.json', 'GET'], ['/approvals/apr_x', 'GET']] as const) {
      for (const method of ['TRACE', 'HEAD', 'PUT', 'PROPFIND', 'OPTIONS', 'M-SEARCH']) expect(await bare(set.port, method, path), `${method} ${path}`).toEqual({ status: 405, allow })
    }
    expect((await bare(set.port, 'TRACE', '/elsewhere')).status).toBe(404)
    expect(set.warnings.filter((warning) => !Array.isArray(warning))).toEqual([])
  })

  test('CUS-03: targets that are not in normal form are nobody’s', async () => {
    await using set = await served(binding.serve)
    const headers = ['content-type: application/json', 'accept: application/json, text/event-stream', `authorization: Bearer ${await set.token('admin')}`]
    const post = (target: string) => raw(set.port, [`POST ${target} HTTP/1.1`, ...headers], CALL)
    for (const target of ['/mcp/customers/acme', '/mcp/customers/%61cme']) expect(await post(target)).toContain('"summary\\":\\"mine')
    set.jobs.length = 0
    const odd = ['/mcp/customers/globex/../acme', '/mcp/customers/%2e%2e/customers/acme', '/mcp/./customers/acme', '/mcp\\customers\\acme', '//mcp/customers/acme', '/mcp//customers/acme', '/mcp/customers/acme#x', 'http://localhost/mcp/customers/acme', '/mcp/customers/acme/', '/x/../mcp/customers/acme', '/mcp/customers/%']
    const told = await Promise.all(odd.map(async (target) => ({ target, answer: await post(target) })))
    for (const { target, answer } of told.slice(0, -1)) expect(answer, target).toMatch(/^HTTP\/1\.1 40[04] /)
    for (const target of ['/mcp/customers/acme%2Fx', '/mcp/customers/acme%2F..%2Fglobex', '/mcp/customers/%2561cme']) expect(await post(target), target).toContain('customer_invalid')
    expect(told.map(({ answer }) => answer).join()).not.toContain('structuredContent')
    expect(set.jobs).toEqual([])
  })

  verifies(['CH-02', 'tenant_mismatch'], 'what is sent twice is seen twice', async () => {
    await using set = await served(binding.serve)
    const headers = ['POST /mcp HTTP/1.1', 'content-type: application/json', 'accept: application/json, text/event-stream', `authorization: Bearer ${await set.token('bot')}`]
    expect(await raw(set.port, [...headers, 'portcullis-tenant: northwind', 'Portcullis-Tenant: northwind'], CALL)).toContain('"summary\\":\\"mine')
    set.jobs.length = 0
    expect(await raw(set.port, [...headers, 'Authorization: Bearer x'], CALL)).toMatch(/^HTTP\/1\.1 400 /)
    expect(await raw(set.port, [...headers, 'portcullis-tenant: northwind', 'portcullis-tenant: southridge'], CALL)).toContain('tenant_mismatch')
    expect(set.jobs).toEqual([])
  })

  test('MCP-03: another host or another origin is refused, whatever the token', async () => {
    await using set = await served(binding.serve)
    const headers = ['POST /mcp HTTP/1.1', 'content-type: application/json', 'accept: application/json, text/event-stream', `authorization: Bearer ${await set.token('bot')}`]
    for (const line of ['host: evil.example', 'origin: https://evil.example', 'origin: null', 'host: localhost.evil.example']) expect(await raw(set.port, [...headers, line], CALL), line).toMatch(/^HTTP\/1\.1 403 [^]*origin_forbidden/)
    expect(set.jobs).toEqual([])
    for (const line of ['host: mcp.example.com', 'origin: https://mcp.example.com', 'origin: http://localhost:9']) expect(await raw(set.port, [...headers, line], CALL), line).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('a host that breaks is told about, and says nothing', async () => {
    const faults: unknown[] = []
    const host = { sessions: false, notify: () => undefined, fetch: () => Promise.reject(new Error('the secret cause')), close: async () => undefined }
    await using set = await served(binding.serve, { host, onFault: (fault) => faults.push(fault) })
    const response = await rpc(set.origin, await set.token('bot'), 'ping')
    expect([response.status, await response.text()]).toEqual([500, expect.not.stringContaining('secret')])
    expect(faults).toHaveLength(1)
  })

  test('an answer that breaks off on its way ends the connection and is told about', async () => {
    const told = Promise.withResolvers<unknown>()
    const body = () => new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array([58, 10])), pull: (stream) => stream.error(new Error('broke off')) })
    const host = { sessions: false, notify: () => undefined, fetch: async () => new Response(body(), { headers: { 'content-type': 'text/event-stream' } }), close: async () => undefined }
    await using set = await served(binding.serve, { host, onFault: told.resolve })
    const response = rpc(set.origin, await set.token('bot'), 'ping')
    await expect(response.then((answer) => answer.text())).rejects.toThrow()
    expect(await told.promise).toMatchObject({ message: 'broke off' })
  })
}
