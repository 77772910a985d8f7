import { describe, expect, test, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { mcpHost as onV1 } from '@portcullis/mcp/v1'
import { mcpHost as onV2 } from '@portcullis/mcp/v2'
import type { Host } from '../src/index.ts'
import type { McpHostOptions } from '../src/v2/index.ts'
import { existing, leaking, seen, table, type Seen } from './protect/existing.ts'
import { begin, clientOf, raw, type AnyClient, type Fetch, type Hosting } from './protect/hostings.ts'
import { LINES, type Line } from './protect/lines.ts'
import { tenants, type Account } from './protect/tenants.ts'
import type { MakeHost } from './lines.ts'

const [sdk, , server] = LINES as readonly [Line, Line, Line, Line]

interface Leg extends Pick<Hosting, 'name' | 'line' | 'era' | 'sessions'> {
  readonly mcpHost: MakeHost
}

/** The host on either line, in every way that it carries messages. */
const LEGS: readonly Leg[] = [
  { name: 'v1 in sessions', line: sdk, era: 'legacy', sessions: true, mcpHost: onV1 },
  { name: 'v1 without sessions', line: sdk, era: 'legacy', sessions: false, mcpHost: onV1 },
  { name: 'v2 in sessions', line: server, era: 'legacy', sessions: true, mcpHost: onV2 },
  { name: 'v2 without sessions', line: server, era: 'legacy', sessions: false, mcpHost: onV2 },
  { name: 'v2, 2026', line: server, era: 'modern', sessions: false, mcpHost: onV2 },
]
type Extend = (server: Line['McpServer']['prototype']) => void

async function staged(leg: Leg, extend?: Extend, options: McpHostOptions = {}) {
  const set = await tenants(table())
  const what: Seen = seen()
  const host: Host = leg.mcpHost(set.portcullis, { ...(leg.sessions ? { sessions: {} } : {}), server: () => existing(leg.line, what, extend) as never, ...options })
  const fetch: Fetch = async (request) => {
    const token = /^Bearer (.*)$/.exec(request.headers.get('authorization') ?? '')?.[1]
    return host.fetch(request, { ...(request.method === 'POST' ? { body: JSON.parse(await request.clone().text()) as unknown } : {}), request: { token, endpoint: { kind: 'tenant' } } })
  }
  const hosting = { ...leg, host: () => fetch }
  const dispose = set[Symbol.asyncDispose]
  return Object.assign(set, what, {
    host, fetch,
    client: (account: Account, capabilities: object = {}, prepare?: (client: AnyClient) => void) => clientOf(hosting, fetch, set.token[account], capabilities, prepare),
    ask: async (account: Account | undefined, method: string, params: Record<string, unknown> = {}) => {
      const token = account === undefined ? undefined : set.token[account]
      return raw(hosting, fetch, token, method, params, await begin(hosting, fetch, token))
    },
    async [Symbol.asyncDispose]() {
      await host.close()
      await dispose()
    },
  })
}

const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] })

describe.each(LEGS)('$name', (leg) => {
  verifies(['EM-01', 'CH-15'], 'an existing server answers what the chain lets through, with the arguments that were judged', async () => {
    await using set = await staged(leg)
    const client = await set.client('admin')
    expect(await client.callTool({ name: 'list', arguments: { status: 'open' } })).toMatchObject({ structuredContent: { tickets: ['t1'] }, _meta: { theirs: 1, 'dev.portcullis/decision': expect.stringMatching(/^dec_/) } })
    expect(await client.readResource({ uri: 'note:///1' })).toMatchObject({ contents: [{ text: 'note' }] })
    expect(await client.getPrompt({ name: 'greet', arguments: { name: 'Ada' } })).toMatchObject({ messages: [{ content: { text: 'Hello Ada' } }] })
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['close', 'list', 'whoami', 'wipe'])
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual(['file:///a', 'note:///1'])
    expect(set.ran).toEqual(['list open', 'read note:///1', 'greet Ada'])
    await client.close()
  })

  verifies(['CH-14', 'role_forbids', 'approval_required'], 'what the chain denies or holds no handler hears of', async () => {
    await using set = await staged(leg)
    const [auditor, admin] = [await set.client('auditor'), await set.client('admin')]
    for (const sent of [{ status: 'open' }, { status: 7 }]) expect(await auditor.callTool({ name: 'list', arguments: sent })).toMatchObject({ isError: true, _meta: { 'dev.portcullis/denial': { code: 'role_forbids' } } })
    await expect(auditor.readResource({ uri: 'file:///a' })).rejects.toMatchObject({ code: -31403, data: { code: 'role_forbids' } })
    expect(await admin.callTool({ name: 'wipe', arguments: { id: 1 } })).toMatchObject({ _meta: { 'dev.portcullis/denial': { code: 'approval_required', approvalId: expect.stringMatching(/^apr_/) } } })
    expect(set.ran).toEqual([])
    for (const client of [auditor, admin]) await client.close()
  })

  verifies(['CH-01', 'CH-15', 'CH-16'], 'MCP-05: what nobody classified is what was invented; no token is a 401; an unknown method is none', async () => {
    await using set = await staged(leg)
    const same = [await set.ask('admin', 'tools/call', { name: 'dump' }), await set.ask('admin', 'tools/call', { name: 'invented' }), await set.ask('billing', 'tools/call', { name: 'list' })]
    expect(new Set(same.map(({ status, text: bytes }) => `${status} ${bytes}`)).size).toBe(1)
    expect(same[0]?.text).toContain('"message":"Unknown tool"')
    expect((await set.ask(undefined, 'tools/list')).status).toBe(401)
    expect((await set.ask('admin', 'tasks/list')).text).toContain('"code":-32601')
    expect((await set.ask('admin', 'resources/read', { uri: 'file:///secret' })).text).toContain(leg.era === 'modern' ? '"code":-32602' : '"code":-32002')
    expect(set.ran).toEqual([])
  })

  verifies(['SE-03', 'CH-14'], 'AUT-16: a handler is told who calls and given no token; what it throws nobody hears', async () => {
    await using set = await staged(leg, (made) => void made.registerTool('gone', {}, async () => { throw new Error('c4n4ry') }))
    const client = await set.client('operator')
    const { content } = (await client.callTool({ name: 'whoami' })) as unknown as { content: [{ text: string }] }
    expect(JSON.parse(content[0].text)).toEqual({ tenant: 'northwind', principal: 'operator', callId: expect.stringMatching(/^dec_/) })
    await client.readResource({ uri: 'file:///a' })
    for (const context of set.contexts as { authInfo?: object; requestInfo?: object; http?: { authInfo: object; req: Request } }[]) {
      expect(JSON.stringify([context.authInfo, context.requestInfo, context.http?.authInfo, context.http && [...context.http.req.headers]])).not.toContain(set.token.operator.split('.')[2])
    }
    expect(set.contexts).toHaveLength(2)
    await client.close()
  })

  test('MCP-05: a server that cannot be guarded answers nothing', async () => {
    const ran: string[] = []
    await using set = await staged(leg, undefined, {
      server: () => {
        const made = existing(leg.line, { ran, contexts: [] })
        Object.defineProperty(made.server, '_requestHandlers', { value: new Proxy({}, {}) })
        return made as never
      },
    })
    const answered = await set.ask('admin', 'tools/call', { name: 'list', arguments: {} }).catch((fault: unknown) => fault)
    expect(answered instanceof Error ? answered.message : JSON.stringify(answered)).not.toContain('"result"')
    expect(ran).toEqual([])
  })

  verifies('EM-01', 'MCP-05: what a server answers past the guard, its operator is told of', async () => {
    const faults: unknown[] = []
    await using set = await staged(leg, undefined, { server: () => leaking(leg.line) as never, onFault: (fault) => faults.push(fault) })
    await set.ask('admin', 'tools/call', { name: 'list', arguments: {} })
    expect(faults).toEqual([expect.objectContaining({ code: 'server_leaked', message: expect.stringContaining('class Leaking ') })])
  })
})

describe.each(LEGS.filter(({ sessions }) => sessions))('$name', (leg) => {
  verifies(['IS-01', 'EM-01'], 'SES-02, MCP-06: in a session it tells of progress, asks, and is heard of changes by its own tenant’s clients that watch', async () => {
    const made: Line['McpServer']['prototype'][] = []
    await using set = await staged(leg, (one) => {
      made.push(one)
      one.registerTool('talk', {}, async (extra) => {
        const v1 = extra as { _meta?: { progressToken?: string }; sendNotification?: (note: unknown) => Promise<void> }
        const v2 = extra as unknown as { mcpReq?: { _meta?: { progressToken?: string }; notify: (note: unknown) => Promise<void> } }
        const progressToken = v1._meta?.progressToken ?? v2.mcpReq?._meta?.progressToken
        await (v1.sendNotification ?? v2.mcpReq!.notify)({ method: 'notifications/progress', params: { progressToken, progress: 1, total: 2 } })
        const said = await one.server.elicitInput({ message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } })
        return text(`Hello, ${String(said.content?.['name'])}`)
      })
    })
    const told: string[] = []
    const client = await set.client('admin', { elicitation: {} }, (one) => {
      const v1 = one as unknown as { setRequestHandler(what: unknown, handler: unknown): void }
      const schema = { shape: { method: { _def: { value: 'elicitation/create' } } }, safeParse: (data: unknown) => ({ success: true, data }), parse: (data: unknown) => data }
      v1.setRequestHandler(leg.line === sdk ? schema : 'elicitation/create', async () => ({ action: 'accept', content: { name: 'Ada' } }))
    })
    Object.assign(client, { fallbackNotificationHandler: async ({ method, params }: { method: string; params?: { uri?: string } }) => void told.push(params?.uri ?? method) })
    const progress: number[] = []
    const options = { onprogress: (said: { progress: number }) => void progress.push(said.progress) }
    expect(await (leg.line === sdk ? (client.callTool as (...sent: unknown[]) => Promise<unknown>)({ name: 'talk' }, undefined, options) : client.callTool({ name: 'talk' }, options as never))).toMatchObject(text('Hello, Ada'))
    expect(progress).toEqual([1])
    await (client as unknown as { subscribeResource(sent: object): Promise<unknown> }).subscribeResource({ uri: 'file:///a' })
    set.host.notify('southridge', { kind: 'tools' })
    for (const uri of ['file:///a', 'file:///b']) set.host.notify('northwind', { kind: 'resource', uri })
    for (const one of made) await one.server.sendResourceUpdated({ uri: 'file:///a' }).catch(() => undefined) // of its own accord
    await vi.waitFor(() => expect(told).toEqual(['file:///a', 'file:///a']))
    await client.close()
  })

  verifies('cancelled', 'MCP-04: a client that cancels or goes away stops the handler', async () => {
    const signals: AbortSignal[] = []
    await using set = await staged(leg, (one) => void one.registerTool('gone', {}, async (extra) => {
      const { signal } = (extra as unknown as { mcpReq?: { signal: AbortSignal }; signal: AbortSignal }).mcpReq ?? extra
      signals.push(signal)
      await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
      return text('late')
    }))
    const client = await set.client('admin')
    const stop = new AbortController()
    const call = leg.line === sdk ? (client.callTool as (...sent: unknown[]) => Promise<unknown>)({ name: 'gone' }, undefined, { signal: stop.signal }) : client.callTool({ name: 'gone' }, { signal: stop.signal } as never)
    await vi.waitFor(() => expect(signals).toHaveLength(1))
    stop.abort()
    await expect(call).rejects.toThrow()
    await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true))
    await vi.waitFor(async () => expect(await set.log()).toContain('"code":"cancelled"'))
    await client.close()
  })
})

test.each([null, 1, { a: 1 }])('2026: answers of the form %j reach no handler', async (inputResponses) => {
  await using set = await staged(LEGS[4]!)
  expect((await set.ask('admin', 'tools/call', { name: 'list', arguments: {}, inputResponses })).text).toContain('"code":"malformed"')
  expect(set.ran).toEqual([])
})
