import { describe, expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { protect } from '../../src/index.ts'
import { existing, leaking, seen, table } from './existing.ts'
import { begin, clientOf, HOSTINGS, raw } from './hostings.ts'
import { tenants, type Account } from './tenants.ts'

const DENIAL = 'dev.portcullis/denial'
/** Lines whose handlers can see the address of a request. */
const URL_IS_SEEN = new Set(['sdk', 'server', 'server-floor'])

describe.each(HOSTINGS)('$name', (hosting) => {
  async function staged() {
    const set = await tenants(table())
    const what = seen()
    const fetch = hosting.host(protect(set.portcullis, () => existing(hosting.line, what) as never))
    return { ...set, ...what, fetch, client: (account: Account) => clientOf(hosting, fetch, set.token[account]), ask: async (account: Account | undefined, method: string, params = {}) => {
      const token = account === undefined ? undefined : set.token[account]
      return raw(hosting, fetch, token, method, params, await begin(hosting, fetch, token))
    } }
  }

  verifies('EM-01', 'what a caller may do, the existing server does', async () => {
    await using set = await staged()
    const client = await set.client('admin')
    expect(await client.callTool({ name: 'list', arguments: { status: 'open' } })).toMatchObject({ content: [{ text: 't1' }], structuredContent: { tickets: ['t1'] }, _meta: { theirs: 1, 'dev.portcullis/decision': expect.stringMatching(/^dec_/) } })
    expect(await client.callTool({ name: 'close', arguments: { id: 7 } })).toMatchObject({ content: [{ text: 'closed 7' }] })
    expect(await client.readResource({ uri: 'file:///a' })).toMatchObject({ contents: [{ uri: 'file:///a', text: 'A' }] })
    expect(await client.readResource({ uri: 'note:///1' })).toMatchObject({ contents: [{ text: 'note' }] })
    expect(await client.getPrompt({ name: 'greet', arguments: { name: 'Ada' } })).toMatchObject({ messages: [{ content: { text: 'Hello Ada' } }] })
    expect(set.ran).toEqual(['list open', 'close 7', 'read file:///a', 'read note:///1', 'greet Ada'])
    await client.close()
  })

  verifies(['CH-15', 'role_forbids'], 'somebody who may know a tool and not call it is told so, with valid and with invalid arguments, and no body runs', async () => {
    await using set = await staged()
    const client = await set.client('auditor')
    for (const sent of [{ status: 'open' }, { status: 7 }, {}]) {
      const denied = await client.callTool({ name: 'list', arguments: sent })
      expect(denied).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('code role_forbids') }], _meta: { [DENIAL]: { gate: 'policy', code: 'role_forbids', effect: 'none', decisionId: expect.stringMatching(/^dec_/) } } })
      expect(denied).not.toHaveProperty('structuredContent')
    }
    for (const sent of ['nothing at all', [], 7]) expect((await set.ask('auditor', 'tools/call', { name: 'list', arguments: sent })).text).toContain('"code":"role_forbids"')
    await expect(client.readResource({ uri: 'file:///a' })).rejects.toMatchObject({ code: -31403, data: { code: 'role_forbids' } })
    await expect(client.getPrompt({ name: 'greet', arguments: { name: 'Ada' } })).rejects.toMatchObject({ code: -31403, data: { code: 'role_forbids' } })
    expect(set.ran).toEqual([])
    expect(await set.log()).toContain('role_forbids')
    await client.close()
  })

  verifies('CH-15', 'TEN-04: what nobody classified, what somebody may not know and what was invented are the same bytes', async () => {
    await using set = await staged()
    const answers = await Promise.all([
      set.ask('admin', 'tools/call', { name: 'dump', arguments: {} }), set.ask('admin', 'tools/call', { name: 'nope', arguments: { x: 1 } }),
      set.ask('billing', 'tools/call', { name: 'list', arguments: {} }), set.ask('billing', 'tools/call', { name: 'dump', arguments: {} }), set.ask('billing', 'tools/call', { name: 'toString' }),
    ])
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(answers[0]!.text).toContain('"code":-32602,"message":"Unknown tool"')
    const prompts = await Promise.all(['internal', 'nope', '__proto__'].map((name) => set.ask('admin', 'prompts/get', { name, arguments: { name: 'x' } })))
    const resources = await Promise.all(['file:///secret', 'file:///nope', 'note:///1/2'].map((uri) => set.ask('admin', 'resources/read', { uri })))
    for (const same of [prompts, resources]) expect(new Set(same.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(set.ran).toEqual([])
  })

  verifies('CH-15', 'the lists are the server\'s own, of what is classified, in the order of the names and for the caller alone', async () => {
    await using set = await staged()
    const client = await set.client('admin')
    const { tools, ...rest } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['close', 'list', 'whoami', 'wipe'])
    expect(tools[1]).toMatchObject({
      description: 'Lists tickets.', inputSchema: { properties: { status: { enum: ['open', 'closed'] } } }, outputSchema: { required: ['tickets'] },
      annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: true }, _meta: { 'their/own': 1, 'dev.portcullis/tool': { needsApproval: false } },
    })
    expect(JSON.stringify(tools)).not.toContain('forged')
    expect(tools[3]).toMatchObject({ annotations: { readOnlyHint: false, destructiveHint: true }, _meta: { 'dev.portcullis/tool': { needsApproval: true } } })
    expect(Number((rest as { ttlMs?: number }).ttlMs ?? 0)).toBeLessThanOrEqual(5_000)
    expect([undefined, 'private']).toContain((rest as { cacheScope?: string }).cacheScope)
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual(['file:///a', 'note:///1'])
    expect((await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual(['note:///{id}'])
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(['greet'])
    await client.close()
    const auditor = await set.client('auditor')
    expect(await auditor.listTools()).toMatchObject({ tools: [] })
    await auditor.close()
  })

  verifies(['CH-01', 'token_missing'], 'without a token, nothing is listed and everything refused, down to the handshake', async () => {
    await using set = await staged()
    for (const token of [undefined, 'nonsense', set.token.admin.slice(0, -2)]) {
      for (const [method, params] of [['tools/list', {}], ['tools/call', { name: 'list', arguments: {} }], ['tools/call', { name: 'nope' }], ['resources/read', { uri: 'file:///a' }], ['prompts/list', {}], ['initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }]] as const) {
        if (hosting.sessions && method !== 'initialize') continue // there is no session to ask in
        const { text } = await raw(hosting, set.fetch, token, method, params)
        expect(text).toMatch(hosting.era === 'modern' && method === 'initialize' ? /"error"/ : /"error":\{"code":-31403/)
        expect(text).not.toContain('"result"')
      }
    }
    expect(set.ran).toEqual([])
  })

  verifies('token_missing', 'a token in the address is none, whatever the header says (RFC 6750 §2.3)', async () => {
    await using set = await staged()
    const inAddress = (request: Request) => set.fetch(new Request(`${request.url}?access_token=${set.token.admin}`, request))
    for (const token of [undefined, set.token.admin]) {
      const { text } = await raw(hosting, inAddress, token, hosting.sessions ? 'initialize' : 'tools/list', hosting.sessions ? { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } : {})
      // The Node transports of the first line keep the address to themselves; nothing takes a token from it there.
      expect(text).toMatch(token !== undefined && !URL_IS_SEEN.has(hosting.line.name) ? /"result"/ : /"code":"token_missing"/)
    }
  })

  verifies(['CH-16', 'method_unclassified'], 'MCP-05: a method that nobody classified is refused, whether the server has a handler for it or not', async () => {
    await using set = await staged()
    for (const method of ['skills/list', 'nobody/knows', 'tasks/list', 'completion/complete']) {
      const { text } = await set.ask('admin', method, { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'name', value: 'A' }, name: 'x' })
      expect(text).toContain('"code":-32601')
      expect(text).not.toContain('"result"')
    }
  })

  verifies('SE-03', 'AUT-16: no handler is given a token, nor the tenant that a header named; it is told who calls', async () => {
    await using set = await staged()
    const { token } = set
    const fetch = hosting.host(protect(set.portcullis, () => existing(hosting.line, set) as never))
    const tenanted = async (request: Request) => {
      const headers = new Headers(request.headers)
      headers.set('portcullis-tenant', 'northwind')
      headers.set('cookie', 'session=s3cr3t')
      return fetch(new Request(request, { headers }))
    }
    for (const account of ['admin', 'rival'] as const) {
      const client = await clientOf(hosting, account === 'admin' ? tenanted : fetch, token[account])
      const { content } = (await client.callTool({ name: 'whoami' })) as unknown as { content: [{ text: string }] }
      expect(JSON.parse(content[0].text)).toEqual({ tenant: account === 'admin' ? 'northwind' : 'southridge', principal: account, callId: expect.stringMatching(/^dec_/) })
      await client.readResource({ uri: 'file:///a' })
      await client.close()
    }
    expect(set.contexts).toHaveLength(4)
    for (const context of set.contexts) {
      const found = everythingIn(context)
      for (const secret of [token.admin, token.rival, 's3cr3t', 'portcullis-tenant']) expect(found.filter((text) => text.includes(secret))).toEqual([])
      expect(found).toContain('dev.portcullis')
    }
  })

  verifies('EM-01', 'MCP-05: what a server answers past the guard, its operator is told of', async () => {
    await using set = await staged()
    const faults: unknown[] = []
    const fetch = hosting.host(protect(set.portcullis, () => leaking(hosting.line) as never, { onFault: (fault) => faults.push(fault) }))
    await raw(hosting, fetch, set.token.admin, 'tools/call', { name: 'list', arguments: {} }, await begin(hosting, fetch, set.token.admin))
    expect(faults).toEqual([expect.objectContaining({ code: 'server_leaked', message: expect.stringContaining('class Leaking sent an answer that nobody waited for') })])
    const again = await raw(hosting, fetch, set.token.admin, 'tools/call', { name: 'list', arguments: {} }, await begin(hosting, fetch, set.token.admin))
    expect(again.text).toContain('answered') // its SDK is not to blame
  })
})

/** Every text that can be reached from a value, through members, entries of maps, headers and getters. */
function everythingIn(value: unknown, met = new Set<unknown>()): string[] {
  if (typeof value === 'string') return [value]
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || met.has(value)) return []
  met.add(value)
  const inner: unknown[] = value instanceof Headers || value instanceof Map ? Array.from(value as Iterable<unknown>) : []
  for (let on: object | null = value; on !== null && on !== Object.prototype && on !== Function.prototype; on = Object.getPrototypeOf(on) as object | null) {
    for (const key of Reflect.ownKeys(on)) {
      inner.push(key)
      try {
        inner.push((value as Record<string | symbol, unknown>)[key])
      } catch {}
    }
  }
  return inner.flatMap((one) => everythingIn(typeof one === 'symbol' ? String(one.description) : one, met))
}
