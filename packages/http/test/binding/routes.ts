import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { humanToken, secretOf } from '../../../mcp/test/world.ts'
import { MCP, rpc, served, type Binding } from './binding.ts'

const METADATA = 'Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource"'

/** Everything that is served beside MCP, and what is left to the application. */
export function routeLaws(binding: Binding): void {
  verifies(['CH-01', 'token_missing', 'token_invalid'], 'no token is 401 with the challenge, which leads to the metadata, and these to the token endpoint', async () => {
    await using set = await served(binding.serve)
    for (const path of ['/mcp', '/mcp/tenant', '/mcp/customers/acme']) {
      const missing = await fetch(`${set.origin}${path}`, { method: 'POST', headers: MCP, body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' })
      expect([missing.status, missing.headers.get('www-authenticate')], path).toEqual([401, METADATA])
      expect((await rpc(set.origin, 'x.y.z', 'tools/list', {}, { path })).headers.get('www-authenticate'), path).toContain('error="invalid_token"')
    }
    const metadata = await Promise.all(['', '/mcp', '/mcp/customers/acme', '/mcp/customers/invented'].map(async (path) => (await fetch(`${set.origin}/.well-known/oauth-protected-resource${path}`)).text()))
    expect(new Set(metadata).size).toBe(1)
    expect(JSON.parse(metadata[0]!)).toMatchObject({ resource: 'https://mcp.example.com', authorization_servers: ['https://mcp.example.com'] })
    expect(await (await fetch(`${set.origin}/.well-known/oauth-authorization-server`)).json()).toMatchObject({ token_endpoint: 'https://mcp.example.com/oauth/token' })
    expect(await (await fetch(`${set.origin}/.well-known/jwks.json`)).json()).toMatchObject({ keys: [{ kty: 'OKP' }] })
  })

  verifies('ID-04', 'the token endpoint takes a form, and its token opens the door', async () => {
    await using set = await served(binding.serve)
    const ask = (secret: string) => fetch(`${set.origin}/oauth/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_secret: secret }) })
    const answered = await ask(secretOf('bot').secret)
    expect([answered.status, answered.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const { access_token: token } = (await answered.json()) as { access_token: string }
    expect(await (await rpc(set.origin, token, 'tools/list')).json()).toMatchObject({ result: { tools: [{ name: 'psa.close' }, { name: 'psa.list' }, { name: 'psa.wipe' }] } })
    expect((await ask(`${secretOf('bot').secret.slice(0, -1)}x`)).status).toBe(401)
  })

  test('paths that are not ours are the application’s, also those that look like ours', async () => {
    await using set = await served(binding.serve)
    expect(await (await fetch(`${set.origin}/api/hello`)).text()).toBe('hello')
    const [theirs, ours] = await Promise.all([['/', '/nowhere', '/mcpx', '/MCP', '/.well-known/other', '/oauth/authorize', '/approvalsx'], ['/mcp/x', '/mcp/', '/approvals/', '/approvals/a/b']]
      .map((paths) => Promise.all(paths.map(async (path) => [path, (await fetch(`${set.origin}${path}`)).status, (await fetch(`${set.origin}${path}`)).headers.get('referrer-policy')]))))
    expect(theirs).toEqual(theirs!.map(([path]) => [path, 404, null]))
    expect(ours).toEqual(ours!.map(([path]) => [path, 404, 'no-referrer']))
    expect((await fetch(`${set.origin}/health`)).status).toBe(200)
  })

  verifies('AP-01', 'what was held runs after somebody else’s approval over HTTP', async () => {
    await using set = await served(binding.serve)
    const token = await set.token('bot')
    const held = (await (await rpc(set.origin, token, 'tools/call', { name: 'psa.wipe', arguments: { id: 1 } })).json()) as { result: { _meta: Record<string, { approvalId: string }> } }
    const { approvalId } = held.result._meta['dev.portcullis/denial']!
    const page = await fetch(`${set.origin}/approvals/${approvalId}/status`, { headers: { authorization: `Bearer ${token}` } })
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const vote = (voter: string) => fetch(`${set.origin}/approvals/${approvalId}/votes`, { method: 'POST', headers: { authorization: `Bearer ${voter}`, 'content-type': 'application/json' }, body: JSON.stringify({ decision: 'approve', reason: 'fine' }) })
    expect((await vote(token)).status).not.toBe(200)
    const voted = await vote(humanToken('bo'))
    expect([voted.status, await voted.json()]).toMatchObject([200, { state: 'granted' }])
    expect(await (await rpc(set.origin, token, 'tools/call', { name: 'psa.wipe', _meta: { 'dev.portcullis/approval': approvalId } })).json()).toMatchObject({ result: { structuredContent: {} } })
    expect(set.jobs.map(({ input }) => input)).toEqual([{ id: 1 }])
  })
}
