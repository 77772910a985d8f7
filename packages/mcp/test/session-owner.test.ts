import { describe, expect, test, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Request as Asked } from '@portcullis/core'
import type { DispatchAnswer } from '@portcullis/core/ports'
import type { SessionLimits } from '../src/index.ts'
import { hostedOn, type Hosted } from './hosted.ts'
import { LINES } from './lines.ts'
import { humanToken, type Stage } from './world.ts'

const ping = { id: 'p', method: 'ping' }
const list = (id: string | number) => ({ id, method: 'tools/call', params: { name: 'psa.list', arguments: {} } })

/** A vendor that answers when it is told to, or when nobody wants to know any more. */
function slowly(set: Stage): { readonly asked: number; answer(): void } {
  const waiting: ((answer: DispatchAnswer) => void)[] = []
  set.answer = ({ signal }) => new Promise((resolve) => {
    const stop = (): void => resolve({ kind: 'not_sent', code: 'cancelled' })
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop)
    waiting.push(resolve)
  })
  return {
    get asked() { return waiting.length },
    answer: () => { for (const resolve of waiting.splice(0)) resolve({ kind: 'succeeded', value: { tickets: [{ id: 1, client_id: 10, summary: 'acme’s' }, { id: 2, client_id: 20, summary: 'globex’s' }] } }) },
  }
}

describe.each(LINES)('on $line', ({ mcpHost }) => {
  const hosted = (sessions: SessionLimits = {}): Promise<Hosted> => hostedOn(mcpHost, sessions)

  test('SES-02: to a token or an endpoint that is narrowed otherwise, a session of the same principal is one that never was', async () => {
    await using set = await hosted()
    const acme = { token: await set.token('admin', { customer: 'acme' }) }
    const id = await set.begin(acme)
    const status = async (asked: Asked, session = id) => JSON.stringify([(await set.send(asked, ping, session)).status, await (await set.send(asked, ping, session)).text()])
    expect(await status(acme)).toMatch(/^\[200,/)
    expect(await status({ token: await set.token('admin', { customer: 'acme' }) })).toMatch(/^\[200,/) // the client’s next token
    const unknown = await status(acme, crypto.randomUUID())
    expect(unknown).toMatch(/^\[404,/)
    const others: Asked[] = [
      { token: await set.token('admin', { customer: 'globex' }) }, { token: await set.token('admin') }, { token: await set.token('admin', { customer: 'acme', scopes: ['tool:psa.list'] }) },
      { ...acme, endpoint: { kind: 'customer', customer: 'acme' } }, { token: humanToken('ada', 5, { customer: 'acme' }) },
    ]
    for (const asked of others) {
      expect(await status(asked)).toBe(unknown)
      expect((await set.send(asked, { id: 1, result: {} }, id)).status).toBe(404)
      for (const method of ['GET', 'DELETE'] as const) expect(await set.manage(method, asked, id)).toBe(404)
    }
    const signedIn = { customer: 'acme', auth_time: Math.floor(Date.now() / 1000) - 60 }
    const ada = { token: humanToken('ada', 5, signedIn) }
    const hers = await set.begin(ada)
    expect(await status({ token: humanToken('ada', 5, signedIn) }, hers)).toMatch(/^\[200,/) // the next token of the same sign-in
    for (const more of [{ auth_time: signedIn.auth_time - 1 }, { amr: ['pwd'] }, { roles: ['tenant_auditor'] }, { customer: 'globex' }, { scope: 'tool:psa.list' }]) expect(await status({ token: humanToken('ada', 5, { ...signedIn, ...more }) }, hers)).toBe(unknown)
  })

  verifies('IS-01', 'SES-03: a request id that is in use is refused, and each answer goes to its own request', async () => {
    await using set = await hosted()
    const vendor = slowly(set)
    const asked = { token: await set.token('bot') }
    const id = await set.begin(asked)
    const first = set.send(asked, list(7), id)
    await vi.waitFor(() => expect(vendor.asked).toBe(1))
    const again = await Promise.all(Array.from({ length: 20 }, () => set.send(asked, list(7), id)))
    for (const refused of again) expect([refused.status, await refused.json()]).toEqual([409, { jsonrpc: '2.0', id: 7, error: { code: -32600, message: 'This request id is in use' } }])
    const text = set.send(asked, list('7'), id)
    await vi.waitFor(() => expect(vendor.asked).toBe(2))
    vendor.answer()
    expect(await (await first).text()).toMatch(/acme’s.*"id":7\b/)
    expect(await (await text).text()).toContain('"id":"7"')
    const next = set.send(asked, list(7), id) // answered: free again
    await vi.waitFor(() => expect(vendor.asked).toBe(1))
    vendor.answer()
    expect((await next).status).toBe(200)
    expect(set.jobs).toHaveLength(3)
  })

  test('SES-03: a request id is free again after a refusal, a cancellation and a client that went away', async () => {
    await using set = await hosted()
    const vendor = slowly(set)
    const asked = { token: await set.token('bot') }
    const id = await set.begin(asked)
    for (const refused of [{ id: 7, method: 'tools/call', params: { name: 'invented' } }, { id: 7, method: 'invented' }, ping, { ...ping, id: 7 }]) {
      await (await set.send(asked, refused, id)).text()
      await (await set.send(asked, refused, id)).text()
    }
    const cancelled = set.send(asked, list(7), id)
    await vi.waitFor(() => expect(vendor.asked).toBe(1))
    expect((await set.send(asked, list(7), id)).status).toBe(409)
    await set.send(asked, { method: 'notifications/cancelled', params: { requestId: 7 } }, id)
    expect(await (await cancelled).text()).not.toContain('"id"') // ended without an answer
    const gone = new AbortController()
    void set.send(asked, list(7), id, gone.signal).then((response) => response.text()).catch(() => undefined)
    await vi.waitFor(() => expect(set.jobs).toHaveLength(2))
    gone.abort()
    await vi.waitFor(async () => expect((await set.send(asked, { ...ping, id: 7 }, id)).status).toBe(200))
  })

  test('SES-03: a request id is free again when the client goes away, or cancels, while it is asked something', async () => {
    await using set = await hosted()
    const asked = { token: await set.token('bot') }
    const id = await set.begin(asked, { elicitation: { url: {} } })
    const wipe = async (why: string, signal?: AbortSignal): Promise<Response> => set.send(asked, { id: 7, method: 'tools/call', params: { name: 'psa.wipe', arguments: { id: 1, why } } }, id, signal)
    const gone = new AbortController()
    const left = await wipe('gone', gone.signal)
    expect((await set.send(asked, { ...ping, id: 7 }, id)).status).toBe(409)
    gone.abort()
    expect(await left.text()).toMatch(/^event: message\ndata: .*"elicitation\/create".*\n\n$/) // asked, and nothing more
    const next = await wipe('cancelled')
    expect(next.status).toBe(200)
    gone.abort() // what is over is no longer told of it
    expect((await set.send(asked, { ...ping, id: 7 }, id)).status).toBe(409)
    await set.send(asked, { method: 'notifications/cancelled', params: { requestId: 7 } }, id)
    expect(await next.text()).toContain('"elicitation/create"')
    expect(await (await set.send(asked, { ...ping, id: 7 }, id)).text()).toContain('"result":{}')
  })

  test('MCP-04: the end of a session ends what is under way in it', async () => {
    await using set = await hosted()
    const vendor = slowly(set)
    const asked = { token: await set.token('bot') }
    const id = await set.begin(asked)
    const call = set.send(asked, list(7), id)
    await vi.waitFor(() => expect(vendor.asked).toBe(1))
    expect(await set.manage('DELETE', asked, id)).toBe(200)
    expect(set.jobs[0]?.signal.aborted).toBe(true)
    expect(await (await call).text()).not.toContain('"id"')
  })

  verifies(['CH-18', 'shed'], 'the requests of one session that are under way are capped, and those that nobody waits for do not count', async () => {
    await using set = await hosted()
    const asked = { token: await set.token('bot') }
    const id = await set.begin(asked)
    const gone = new AbortController()
    const vendor = slowly(set)
    const waiting = Array.from({ length: 64 }, (_, at) => set.send(asked, list(at), id, gone.signal).then((response) => response.text()))
    await vi.waitFor(() => expect(vendor.asked).toBeGreaterThan(0))
    const over = await set.send(asked, list(64), id)
    expect([over.status, over.headers.get('retry-after'), await over.json()]).toMatchObject([429, '60', { id: 64, error: { data: { code: 'shed' } } }])
    gone.abort()
    await Promise.all(waiting)
    expect((await set.send(asked, ping, id)).status).toBe(200)
  })

  test('CH-18: an initialize that wants no answer begins nothing', async () => {
    await using set = await hosted({ perPrincipal: 1 })
    const asked = { token: await set.token('bot') }
    const id = await set.begin(asked)
    const unanswered = await set.send(asked, { method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } })
    expect(unanswered.headers.get('mcp-session-id')).toBeNull()
    expect((await set.send(asked, ping, id)).status).toBe(200)
  })

  verifies(['CH-18', 'shed'], 'sessions are counted by principal whatever its endpoints and tokens, and by tenant; nothing begins that gate 3 refuses', async () => {
    await using set = await hosted({ perPrincipal: 2, perTenant: 3, inAll: 100 })
    const viewer = await set.token('viewer')
    const invented = await Promise.all(Array.from({ length: 20 }, (_, at) => set.send({ token: viewer, endpoint: { kind: 'customer', customer: `invented${at}` } }, { id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } })))
    for (const response of invented) expect([response.headers.get('mcp-session-id'), await response.json()]).toMatchObject([null, { error: { data: { code: 'customer_not_found' } } }])
    const admin = ['acme', 'globex'].map((customer) => ({ endpoint: { kind: 'customer', customer } as const }))
    const token = await set.token('admin')
    const ids: string[] = []
    for (const more of [...admin, { endpoint: { kind: 'tenant' } as const }]) ids.push(await set.begin({ token, ...more }))
    const alive = await Promise.all(ids.map(async (id, at) => (await set.send({ token, endpoint: admin[at]?.endpoint ?? { kind: 'tenant' } }, ping, id)).status))
    expect(alive).toEqual([404, 200, 200])
    expect(await set.begin({ token: viewer })).toMatch(/^[\w-]{36}$/)
    expect(await set.begin({ token: await set.token('bot') })).toBe('429')
    expect(await set.begin({ token: await set.token('rival') })).toMatch(/^[\w-]{36}$/) // of another tenant
  })

  test('CH-18: the caps hold also for sessions that begin at once', async () => {
    await using set = await hosted({ perPrincipal: 2 })
    const asked = { token: await set.token('bot') }
    const ids = await Promise.all(Array.from({ length: 20 }, () => set.begin(asked)))
    const alive = await Promise.all(ids.map(async (id) => (await set.send(asked, ping, id)).status))
    expect(alive.filter((status) => status === 200)).toHaveLength(2)
  })
})
