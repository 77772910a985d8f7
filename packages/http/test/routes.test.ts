import { expect, test } from 'vitest'
import { bytes, served } from './served.ts'

test('every response has the headers that keep it from being kept, sniffed or run', async () => {
  await using set = await served()
  for (const [method, path] of [['GET', '/health'], ['GET', '/nowhere'], ['POST', '/mcp'], ['PUT', '/mcp'], ['GET', '/.well-known/jwks.json'], ['POST', '/oauth/token'], ['GET', '/approvals/apr_x']] as const) {
    const { headers } = await set.ask(method, path)
    expect([headers.get('cache-control'), headers.get('x-content-type-options'), headers.get('content-security-policy')], path).toEqual(['no-store', 'nosniff', "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"])
  }
})

test('a path that is not served is 404, always in the same bytes; a method that is not, 405', async () => {
  await using set = await served()
  const nowhere = await Promise.all(['/', '/x', '/mcp/x', '/mcp/customers/a/b', '/oauth', '/approvals', '/approvals/', '/approvals/a/b', '/.well-known/oauth-protected-resource/x', '/health/'].map(async (path) => bytes(await set.ask('GET', path))))
  expect(new Set(nowhere).size).toBe(1)
  expect(nowhere[0]).toMatch(/^\[404,/)
  for (const [method, path, allow] of [['GET', '/mcp', 'POST'], ['DELETE', '/mcp/tenant', 'POST'], ['OPTIONS', '/mcp/customers/acme', 'POST'], ['HEAD', '/health', 'GET'], ['PUT', '/oauth/token', 'POST'], ['POST', '/.well-known/jwks.json', 'GET'], ['GET', '/approvals/a/votes', 'POST']] as const) {
    const response = await set.ask(method, path)
    expect([response.status, response.headers.get('allow')], `${method} ${path}`).toEqual([405, allow])
  }
})

test('metadata of RFC 9728 is the same bytes for every endpoint and id, and that of RFC 8414 names what is served', async () => {
  await using set = await served()
  const told = await Promise.all(['', '/mcp', '/mcp/tenant', '/mcp/customers/acme', '/mcp/customers/invented', '/mcp/customers/%00'].map(async (path) => bytes(await set.ask('GET', `/.well-known/oauth-protected-resource${path}`))))
  expect(new Set(told).size).toBe(1)
  const url = 'https://mcp.example.com'
  expect(await (await set.ask('GET', '/.well-known/oauth-protected-resource')).json()).toEqual({ resource: url, authorization_servers: [url], bearer_methods_supported: ['header'] })
  const server = (await (await set.ask('GET', '/.well-known/oauth-authorization-server')).json()) as Record<string, unknown>
  expect(server).toMatchObject({ issuer: url, token_endpoint: `${url}/oauth/token`, jwks_uri: `${url}/.well-known/jwks.json`, grant_types_supported: ['client_credentials'] })
  const keys = (await (await set.ask('GET', '/.well-known/jwks.json')).json()) as { keys: object[] }
  expect(keys).toEqual(JSON.parse(JSON.stringify(set.portcullis.jwks())))
  expect(JSON.stringify(keys)).not.toContain('"d"')
})

test('health says whether it is open, and names nobody', async () => {
  await using set = await served()
  const open = await set.ask('GET', '/health')
  expect([open.status, await open.text()]).toEqual([200, '{"status":"ok"}'])
  await set.portcullis.close()
  expect((await set.ask('GET', '/health')).status).toBe(503)
})

test('a host that breaks is answered with a fixed text, and reported', async () => {
  await using set = await served()
  const { router } = await import('../src/index.ts')
  const faults: unknown[] = []
  const routes = router(set.portcullis, { mcp: { sessions: false, notify: () => undefined, fetch: async () => { throw new Error('the secret cause') }, close: async () => undefined }, onFault: (fault) => faults.push(fault) })
  const response = await routes.fetch(new Request('https://mcp.example.com/mcp', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }))
  expect([response.status, (await response.text()).includes('secret')]).toEqual([500, false])
  expect(faults).toHaveLength(1)
})

test('only paths of ours are taken from an application', async () => {
  await using set = await served()
  expect(['/mcp', '/mcp/x', '/approvals/a', '/health', '/oauth/token', '/.well-known/jwks.json'].map(set.routes.handles)).toEqual(Array.from({ length: 6 }, () => true))
  expect(['/', '/mcpx', '/app', '/.well-known/other', '/approvalsx', '/oauth/authorize'].map(set.routes.handles)).toEqual(Array.from({ length: 6 }, () => false))
})
