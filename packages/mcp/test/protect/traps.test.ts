import { createMcpHandler, requireScopes } from '@modelcontextprotocol/server'
import { setImmediate as turn } from 'node:timers/promises'
import { inspect } from 'node:util'
import { z } from 'zod'
import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { ownServer, protect } from '../../src/index.ts'
import type { ServerLike } from '../../src/protect/sdk.ts'
import { existing, seen, table, type Seen } from './existing.ts'
import { begin, clientOf, HOSTINGS, raw, type Hosting } from './hostings.ts'
import { allowAll } from '../everything/allow-all.ts'
import { LINES, Wire, type Line } from './lines.ts'
import { tenants } from './tenants.ts'

const hostingOf = (name: string): Hosting => HOSTINGS.find((hosting) => hosting.name === name)!
const MODERN = hostingOf('server by its entry, 2026')
const SESSIONS = HOSTINGS.filter(({ sessions }) => sessions)
const DENIED = { isError: true, _meta: { 'dev.portcullis/denial': { code: 'role_forbids' } } }

/** The ways to make a server that other guards have been walked around by. */
const SHAPES: Readonly<Record<string, (line: Line, what: Seen) => ServerLike>> = {
  'capabilities declared in the constructor': (line, what) => {
    const server = new line.McpServer({ name: 'eager', version: '1.0.0' }, { capabilities: { tools: {} } })
    server.registerTool('list', {}, async () => { what.ran.push('list'); return { content: [] } })
    return server as never
  },
  'the first tool registered last': (line, what) => {
    const server = new line.McpServer({ name: 'lazy', version: '1.0.0' })
    queueMicrotask(() => server.registerTool('list', {}, async () => { what.ran.push('list'); return { content: [] } }))
    return server as never
  },
  'the low-level server of a high-level one': (line, what) => existing(line, what).server as never,
}

describe.each(HOSTINGS)('around the guard on $name', (hosting) => {
  describe.each(Object.keys(SHAPES))('trap: %s', (shape) => {
    verifies('EM-01', 'MCP-05: a denied tool does not run, with valid and with invalid arguments', async () => {
      await using set = await tenants(table())
      const what = seen()
      const fetch = hosting.host(protect(set.portcullis, async () => {
        const server = SHAPES[shape]!(hosting.line, what)
        await Promise.resolve()
        return server
      }) as never)
      const client = await clientOf(hosting, fetch, set.token.auditor)
      for (const sent of [{}, { status: 'open' }, { status: [] }]) expect(await client.callTool({ name: 'list', arguments: sent })).toMatchObject(DENIED)
      expect(what.ran).toEqual([])
      await client.close()
      const admin = await clientOf(hosting, fetch, set.token.admin)
      await admin.callTool({ name: 'list', arguments: {} })
      expect(what.ran).toHaveLength(1)
      await admin.close()
    })
  })
})

describe.each(SESSIONS)('trap: sessions that are bound to nobody, on $name', (hosting) => {
  verifies('CH-01', 'SES-02: with somebody else\'s session id nothing is asked, heard, answered or ended', async () => {
    await using set = await tenants(table())
    const fetch = hosting.host(protect(set.portcullis, () => existing(hosting.line, seen()) as never))
    const session = (await begin(hosting, fetch, set.token.admin))!
    expect(session).toMatch(/^[\w-]{36}$/)
    const manage = async (method: string, token: string | undefined, body?: object): Promise<Response> =>
      fetch(new Request('http://127.0.0.1:1/mcp', { method, headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json', 'mcp-session-id': session, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }))
    for (const token of [set.token.rival, set.token.operator, undefined]) {
      expect((await raw(hosting, fetch, token, 'tools/list', {}, session)).text).not.toContain('"result"')
      const refused = [await manage('GET', token), await manage('DELETE', token), await manage('POST', token, { jsonrpc: '2.0', id: 0, result: { action: 'accept' } }), await manage('POST', token, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })]
      expect(refused.map(({ status }) => status)).toEqual([404, 404, 404, 404])
    }
    expect((await raw(hosting, fetch, set.token.admin, 'tools/list', {}, session)).text).toContain('"result"')
    const stream = await manage('GET', set.token.admin)
    expect(stream.status).toBe(200)
    await stream.body?.cancel()
    expect((await manage('DELETE', set.token.admin)).status).toBe(200)
  })
})

describe('on the entry of the second line', () => {
  verifies(['CH-01', 'token_missing'], 'trap: authInfo is passed through as it is, so without a gate in front everything runs: absent is denied', async () => {
    await using set = await tenants(table())
    const what = seen()
    const handler = createMcpHandler(protect(set.portcullis, () => existing(LINES[2]!, what) as never) as never)
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list', arguments: {} } }
    const post = async (authInfo?: object, token?: string): Promise<string> => {
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
      const response = await handler.fetch(new Request('http://127.0.0.1:1/mcp', { method: 'POST', headers, body: JSON.stringify(body) }), authInfo === undefined ? {} : { authInfo: authInfo as never })
      return response.text()
    }
    const auth = (token: string) => ({ token, clientId: 'c', scopes: [] })
    for (const text of [await post(), await post(auth('')), await post(auth('forged')), await post(auth(set.token.admin), set.token.rival), await post(auth(set.token.rival), set.token.admin)]) expect(text).toMatch(/"code":-31403.*"gate":"authenticate"/)
    expect(what.ran).toEqual([])
    expect(await post(auth(set.token.admin))).toContain('t1')
    expect(await post(auth(set.token.admin), set.token.admin)).toContain('t1')
  })

  verifies('CH-16', 'trap: subscriptions/listen reaches no handler and its bus all tenants (MCP-06): it is refused, and nothing announces it', async () => {
    await using set = await tenants(table())
    const fetch = MODERN.host(protect(set.portcullis, () => existing(MODERN.line, seen()) as never))
    for (const token of [set.token.admin, undefined]) {
      const { status, text } = await raw(MODERN, fetch, token, 'subscriptions/listen', { notifications: { toolsListChanged: true, resourceSubscriptions: ['file:///a'] } })
      expect(status).toBe(500)
      expect(text).not.toContain('acknowledged')
    }
    const foreign = { get: (name: string) => (name === 'mcp-method' ? 'subscriptions/listen' : null) }
    const make = protect(set.portcullis, (_: object) => existing(MODERN.line, seen()) as never)
    for (const headers of [foreign, { 'Mcp-Method': 'subscriptions/listen' }]) expect(() => make({ requestInfo: { headers } })).toThrow(expect.objectContaining({ code: 'listen_unguarded' }))
    const discovered = (await raw(MODERN, fetch, set.token.admin, 'server/discover')).text
    expect(discovered).toContain('"capabilities"')
    expect(discovered).not.toMatch(/listChanged|subscribe/)
  })

  verifies('CH-15', 'trap: headers and scopes that the entry checks before any handler tell nothing of names', async () => {
    await using set = await tenants(ownServer({ tools: { open: 'read', scoped: 'read' } }))
    const what = seen()
    const make = (): ServerLike => {
      const server = existing(MODERN.line, what, (on) => {
        const input = z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) })
        for (const name of ['open', 'hidden']) on.registerTool(name, { inputSchema: input as never }, (async () => { what.ran.push(name); return { content: [] } }) as never)
        for (const name of ['scoped', 'hidden_scoped']) on.registerTool(name, { scopeChallenge: requireScopes('extra') } as never, async () => { what.ran.push(name); return { content: [] } })
      })
      return server as never
    }
    const handler = createMcpHandler(protect(set.portcullis, make) as never)
    const call = async (name: string, token: string) => {
      const fetch = (request: Request) => handler.fetch(request, { authInfo: { token, clientId: 'c', scopes: [] } })
      const { status, text } = await raw(MODERN, fetch, token, 'tools/call', { name, arguments: { region: 'eu' } })
      return `${status} ${text}`
    }
    const nope = await call('nope', set.token.admin)
    expect([await call('hidden', set.token.admin), await call('hidden_scoped', set.token.admin), await call('scoped', set.token.billing), await call('open', set.token.billing)]).toEqual([nope, nope, nope, nope])
    expect(await call('open', set.token.admin)).toMatch(/^200 .*"result"/)
    expect(await call('scoped', set.token.admin)).toMatch(/^403 /)
    expect(what.ran).toEqual(['open'])
  })
})

test('trap: a server that is shared by connections is not connected twice', async () => {
  await using set = await tenants(table())
  const server = existing(LINES[0]!, seen())
  const make = protect(set.portcullis, () => server as never)
  make()
  expect(() => make()).toThrow(expect.objectContaining({ code: 'server_unguarded' }))
})

describe.each(LINES)('beside the requests, on $name', (line) => {
  verifies('CH-01', 'SES-02: a connection without HTTP sessions belongs to whoever spoke first', async () => {
    await using set = await tenants(table())
    const wire = new Wire()
    await (protect(set.portcullis, () => existing(line, seen()) as never)() as ReturnType<typeof existing>).connect(wire as never)
    const ask = (token: string) => wire.ask('tools/list', {}, { authInfo: { token, clientId: 'c', scopes: [] } })
    expect(await ask('forged')).toMatchObject({ error: { code: -31403 } })
    expect(await ask(set.token.admin)).toHaveProperty('result')
    for (const account of ['rival', 'operator'] as const) expect(await ask(set.token[account])).toMatchObject({ error: { code: -32001, message: 'Session not found' } })
    expect(await ask(set.token.admin)).toHaveProperty('result')
  })

  verifies('CH-16', 'MCP-02: notifications that nobody classified, or nobody who was let in sent, reach no handler', async () => {
    await using set = await tenants(table())
    const wire = new Wire()
    const heard: string[] = []
    const made = protect(set.portcullis, () => existing(line, seen()) as never)() as ReturnType<typeof existing>
    made.server.oninitialized = () => void heard.push('initialized')
    made.server.fallbackNotificationHandler = async ({ method }) => void heard.push(method)
    await made.connect(wire as never)
    const say = async (): Promise<void> => {
      for (const method of ['notifications/initialized', 'notifications/roots/list_changed', 'notifications/nobody/knows']) wire.onmessage?.({ jsonrpc: '2.0', method })
      await turn()
    }
    await say()
    expect(heard).toEqual([])
    await wire.ask('ping', {}, { authInfo: { token: set.token.admin, clientId: 'c', scopes: [] } })
    await say()
    expect(heard).toEqual(['initialized'])
  })

  verifies('AP-01', 'an approved destructive tool asks nobody: what it was approved with is all that it gets', async () => {
    const connector = ownServer({ tools: { wipe2: 'destructive', read2: 'read' } })
    const wire = new Wire('session')
    const asked: string[] = []
    const made = protect(allowAll(connector), () => existing(line, seen(), (server) => {
      for (const name of ['wipe2', 'read2']) {
        server.registerTool(name, {}, async () => {
          const answer = server.server.elicitInput({ message: '?', requestedSchema: { type: 'object', properties: {} } }).then(() => 'asked', () => 'refused')
          asked.push(`${name} ${await Promise.race([answer, turn('asked')])}`)
          return { content: [] }
        })
      }
    }) as never)() as ReturnType<typeof existing>
    await made.connect(wire as never)
    await wire.ask('initialize', { protocolVersion: '2025-11-25', capabilities: { elicitation: {} }, clientInfo: { name: 't', version: '1' } })
    for (const name of ['wipe2', 'read2']) await wire.ask('tools/call', { name, arguments: {} })
    expect(asked).toEqual(['wipe2 refused', 'read2 asked'])
  })

  verifies('AP-01', 'trap: what no gate judged reaches no handler, neither in its request nor in its context', async () => {
    const wire = new Wire('session')
    const given: unknown[] = []
    const made = protect(allowAll(ownServer({ tools: { wipe: 'destructive' } })), () => {
      const server = new line.Server({ name: 'low', version: '1.0.0' }, { capabilities: { tools: {} } })
      line.handle(server, 'tools/call', (request, context) => {
        given.push(request, context)
        return { content: [] }
      })
      return server as never
    })() as Line['Server']['prototype']
    await made.connect(wire as never)
    expect(await wire.ask('tools/call', { name: 'wipe', arguments: { id: 1 }, target: 'unjudged', _meta: { force: 'unjudged', progressToken: 'p' } })).toHaveProperty('result')
    expect(given[0]).toMatchObject({ params: { name: 'wipe', arguments: { id: 1 }, _meta: { progressToken: 'p' } } })
    expect(inspect(given, { depth: 9, showHidden: true })).not.toContain('unjudged')
  })

  verifies('approval_required', 'a client of 2025 that writes an envelope of 2026 is still told of a hold in its own words', async () => {
    await using set = await tenants(table())
    const wire = new Wire()
    await (protect(set.portcullis, () => existing(line, seen()) as never)() as ReturnType<typeof existing>).connect(wire as never)
    const _meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } } }
    const { result } = await wire.ask('tools/call', { name: 'wipe', arguments: { id: 1 }, _meta }, { authInfo: { token: set.token.admin, clientId: 'c', scopes: [] } })
    expect(result).toMatchObject({ isError: true, _meta: { 'dev.portcullis/denial': { code: 'approval_required' } } })
  })
})

verifies('SE-03', 'AUT-16: the factory is given no token either', async () => {
  await using set = await tenants(table())
  const given: unknown[] = []
  const handler = createMcpHandler(protect(set.portcullis, (context: { authInfo?: { token: string; extra?: unknown }; requestInfo?: Request }) => {
    given.push(context.authInfo?.token, JSON.stringify(context.authInfo?.extra), context.requestInfo?.headers.get('authorization'), context.requestInfo?.headers.get('mcp-method'))
    return existing(LINES[2]!, seen()) as never
  }) as never)
  const { admin } = set.token
  const { text } = await raw(MODERN, (request) => handler.fetch(request, { authInfo: { token: admin, clientId: 'c', scopes: [], extra: { mine: 1, jwt: { raw: admin } } } }), admin, 'tools/list')
  expect(text).toContain('"result"')
  expect(given).toEqual(['', '{"mine":1}', null, 'tools/list'])
})
