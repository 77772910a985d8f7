import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { ownServer, protect } from '../../src/index.ts'
import { existing, seen } from './existing.ts'
import { LINES, Wire, type Line } from './lines.ts'
import { tenants, type Account } from './tenants.ts'

/** What a context of either line can do to its client. */
interface Voice {
  readonly signal: AbortSignal
  notify(method: string, params?: object): Promise<void>
  ask(method: string, params?: object): Promise<unknown>
}

interface Contexts {
  readonly signal: AbortSignal
  readonly mcpReq?: { readonly signal: AbortSignal; notify(note: object): Promise<void>; send(request: object): Promise<unknown> }
  sendNotification(note: object): Promise<void>
  sendRequest(request: object, schema: object): Promise<unknown>
}

const voiceOf = (context: unknown): Voice => {
  const { mcpReq, signal, sendNotification, sendRequest } = context as Contexts
  return {
    signal: mcpReq?.signal ?? signal,
    notify: (method, params = {}) => (mcpReq === undefined ? sendNotification({ method, params }) : mcpReq.notify({ method, params })),
    ask: (method, params = {}) => (mcpReq === undefined ? sendRequest({ method, params }, ANY) : mcpReq.send({ method, params })),
  }
}
const ANY = { shape: {}, safeParse: (data: unknown) => ({ success: true, data }), parse: (data: unknown) => data }
const FORM = { message: 'Which?', requestedSchema: { type: 'object', properties: { which: { type: 'string' } } } }

type Body = (voice: Voice, server: ReturnType<typeof existing>['server']) => unknown

/** One server for each account, whose tools do what the test says, and the wire to it. */
async function staged(line: Line, callMs?: number) {
  const set = await tenants(ownServer({ tools: { speak: 'read', change: 'write', wipe2: 'destructive' }, resources: ['file:///a'], subscriptions: ['file:///a'] }), callMs === undefined ? {} : { callMs })
  const bodies: Record<string, Body> = {}
  const make = protect(set.portcullis, () => existing(line, seen(), (server) => {
    for (const name of ['speak', 'change', 'wipe2']) {
      server.registerTool(name, {}, async (context) => {
        await bodies[name]?.(voiceOf(context), server.server)
        return { content: [{ type: 'text', text: 'done' }] }
      })
    }
  }) as never)
  const connected = async (account: Account, capabilities: object = {}) => {
    const wire = new Wire('session')
    const server = make() as unknown as ReturnType<typeof existing>
    await server.connect(wire as never)
    const extra = { authInfo: { token: set.token[account], clientId: 'c', scopes: [] } }
    const ask = (method: string, params: object = {}) => wire.ask(method, params, extra)
    await ask('initialize', { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 't', version: '1' } })
    return { wire, server, ask, call: (name: string, more: object = {}) => ask('tools/call', { name, arguments: {}, ...more }), told: () => wire.sent.filter((message) => 'method' in message).map(({ jsonrpc: _, ...message }) => message) }
  }
  return { ...set, bodies, connected, [Symbol.asyncDispose]: set[Symbol.asyncDispose] }
}

const token = { _meta: { progressToken: 'p' } }
const log = (data: string) => ['notifications/message', { level: 'info', data }] as const

describe.each(LINES)('what a handler says on $name', (line) => {
  verifies('IS-03', 'goes out while its call runs, in the form that notes have', async () => {
    await using set = await staged(line)
    const { call, told } = await set.connected('admin')
    set.bodies['speak'] = async (voice) => {
      await voice.notify('notifications/progress', { progressToken: 'p', progress: 1, total: 2, message: 'half', _meta: { more: 1 } })
      await voice.notify('notifications/progress', { progressToken: 'other', progress: 1 })
      await voice.notify(...log('working'))
      await voice.notify('notifications/message', { level: 'info', data: 'x'.repeat(5_000) })
      await voice.notify('notifications/message', { level: 'nonsense', data: 'x' })
    }
    expect(await call('speak', token)).toMatchObject({ result: { content: [{ text: 'done' }] } })
    expect(told()).toEqual([
      { method: 'notifications/progress', params: { progressToken: 'p', progress: 1, total: 2, message: 'half' } },
      { method: 'notifications/message', params: { level: 'info', data: 'working' } },
    ])
  })

  verifies('IS-03', 'is dead after its call, by whichever function, timer or closure', async () => {
    await using set = await staged(line)
    const { call, told } = await set.connected('admin', { elicitation: {} })
    let kept: Voice | undefined
    let later: Promise<unknown> | undefined
    const { promise: over, resolve: end } = Promise.withResolvers<void>()
    set.bodies['speak'] = (voice, server) => {
      kept = voice
      later = (async () => {
        await over
        await server.sendLoggingMessage({ level: 'info', data: 'from afterwards' })
        await voice.notify(...log('from afterwards'))
        return server.elicitInput(FORM as never).then(() => 'asked', () => 'refused')
      })()
    }
    await call('speak', token)
    end()
    expect(await later).toBe('refused')
    await kept!.notify(...log('kept')).catch(() => undefined)
    await kept!.notify('notifications/progress', { progressToken: 'p', progress: 2 }).catch(() => undefined)
    await expect(kept!.ask('elicitation/create', FORM)).rejects.toThrow()
    // Nor while another call of the same connection runs.
    set.bodies['speak'] = async () => kept!.notify(...log('kept, from another call'))
    await call('speak')
    expect(told()).toEqual([])
  })

  verifies('IS-03', 'TEN-02: one tenant\'s call says nothing to another tenant\'s client', async () => {
    await using set = await staged(line)
    const [ours, theirs] = [await set.connected('admin', { elicitation: {} }), await set.connected('rival', { elicitation: {} })]
    let kept: Voice | undefined
    const { promise: met, resolve: meet } = Promise.withResolvers<void>()
    const { promise: done, resolve: finish } = Promise.withResolvers<void>()
    set.bodies['speak'] = async (voice) => {
      kept = voice
      meet()
      await done
    }
    const open = ours.call('speak', token)
    await met
    set.bodies['change'] = async () => {
      await kept!.notify(...log('of another tenant')).catch(() => undefined)
      await kept!.ask('elicitation/create', FORM).catch(() => undefined)
      await ours.server.server.sendLoggingMessage({ level: 'info', data: 'of another tenant' })
      await expect(ours.server.server.elicitInput(FORM as never)).rejects.toThrow()
    }
    expect(await theirs.call('change')).toMatchObject({ result: {} })
    finish()
    await open
    expect([...ours.told(), ...theirs.told()]).toEqual([])
  })

  verifies('AP-01', 'asks only what its client said it can be asked, only while it runs, and never for a destructive tool', async () => {
    await using set = await staged(line)
    const asks: Record<string, unknown>[] = []
    const body: Body = async (voice) => {
      for (const [method, params] of [['elicitation/create', FORM], ['sampling/createMessage', { messages: [], maxTokens: 1 }], ['roots/list', {}]] as const) {
        const answer = voice.ask(method, params).then((value) => ({ method, value }), () => ({ method, value: 'refused' }))
        asks.push(await Promise.race([answer, turn({ method, value: 'asked' })]))
      }
    }
    Object.assign(set.bodies, { speak: body, change: body, wipe2: body })
    const able = await set.connected('admin', { elicitation: {} })
    await able.call('speak')
    expect(asks.splice(0)).toEqual([{ method: 'elicitation/create', value: 'asked' }, { method: 'sampling/createMessage', value: 'refused' }, { method: 'roots/list', value: 'refused' }])
    expect(able.told().filter(({ method }) => method !== 'notifications/cancelled')).toMatchObject([{ method: 'elicitation/create', params: { message: 'Which?' } }])
    const unable = await set.connected('admin')
    await unable.call('change')
    expect(asks.splice(0).map(({ value }) => value)).toEqual(['refused', 'refused', 'refused'])
    expect(unable.told()).toEqual([])
    const held = await able.call('wipe2')
    expect(held).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'approval_required' } } } })
    const { approvalId } = (held['result'] as { _meta: Record<string, { approvalId: string }> })._meta['dev.portcullis/denial']!
    expect(approvalId).toMatch(/^apr_/)
    expect(asks).toEqual([])
  })

  verifies(['CH-16', 'CH-15'], 'MCP-06: changes are told to those who watch and may; watching goes through the chain', async () => {
    await using set = await staged(line)
    const [admin, auditor, idle] = [await set.connected('admin'), await set.connected('auditor'), await set.connected('rival')]
    expect(await admin.ask('resources/subscribe', { uri: 'file:///a' })).toMatchObject({ result: {} })
    expect(await admin.ask('resources/subscribe', { uri: 'file:///secret' })).toMatchObject({ error: { message: 'Unknown resource' } })
    expect(await auditor.ask('resources/subscribe', { uri: 'file:///a' })).toMatchObject({ error: { code: -31403, data: { code: 'role_forbids' } } })
    for (const { server } of [admin, auditor, idle]) {
      for (const uri of ['file:///a', 'file:///secret']) await server.server.sendResourceUpdated({ uri })
      await server.server.sendToolListChanged()
    }
    expect(admin.told()).toEqual([{ method: 'notifications/resources/updated', params: { uri: 'file:///a' } }, { method: 'notifications/tools/list_changed' }])
    expect(auditor.told()).toEqual([{ method: 'notifications/tools/list_changed' }])
    expect(idle.told()).toEqual([{ method: 'notifications/tools/list_changed' }])
    const before = admin.told()
    await set.portcullis.revoke('northwind', { kind: 'principal', id: 'admin' })
    await admin.server.server.sendResourceUpdated({ uri: 'file:///a' })
    await admin.server.server.sendToolListChanged()
    expect(admin.told()).toEqual(before)
  })

  test('a call that was answered without its handler ends it: its signal says so', async () => {
    await using set = await staged(line, 30)
    const { call, told } = await set.connected('admin')
    const { promise: heard, resolve } = Promise.withResolvers<void>()
    set.bodies['speak'] = async (voice) => {
      await once(voice.signal, 'abort')
      await voice.notify(...log('late'))
      resolve()
    }
    expect(await call('speak')).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'connector_timeout' } } } })
    await heard
    expect(told()).toEqual([])
  })
})
