import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { callerOf, ownServer, protect } from '../../src/index.ts'
import { begin, HOSTINGS } from './hostings.ts'
import { LINES, Wire, type Line } from './lines.ts'
import { tenants } from './tenants.ts'

const SLOW = { method: 'tools/call', params: { name: 'slow', arguments: {} } }

/** What the SDK of each line refuses by itself, without asking for a handler or before it does. */
const refusedBySdk = ({ name }: Line): object => (name.startsWith('sdk') ? { ...SLOW, params: { ...SLOW.params, task: { ttl: 1 } } } : { method: 'server/discover', params: {} })

/** A tool that answers when it is let go, and hears of nothing. */
function slowly() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const ran: string[] = []
  const faults: unknown[] = []
  const make = (line: Line) => () => {
    const server = new line.McpServer({ name: 'slow', version: '1.0.0' })
    server.registerTool('slow', {}, async (context) => {
      ran.push(callerOf(context).tenant)
      await promise
      return { content: [{ type: 'text', text: `for ${callerOf(context).tenant}` }] }
    })
    return server as never
  }
  return { make, ran, faults, onFault: (fault: unknown) => void faults.push(fault), go: resolve }
}

const answersTo = ({ sent }: Wire, id: number) => sent.filter((message) => message['id'] === id)
const connected = async (server: unknown, wire: Wire): Promise<void> => (server as Line['McpServer']['prototype']).connect(wire as never)

describe.each(LINES)('requests of one id, on $name', (line) => {
  async function staged() {
    const set = await tenants(ownServer({ tools: { slow: { risk: 'read', tasks: true } } }))
    const slow = slowly()
    const make = protect(set.portcullis, slow.make(line), { onFault: slow.onFault })
    const wire = new Wire()
    await connected(make(), wire)
    const say = (id: number | undefined, message: object): void => wire.onmessage?.({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), ...message }, { authInfo: { token: set.token.admin, clientId: 'c', scopes: [] } })
    const runs = (times: number): Promise<unknown> => vi.waitFor(() => expect(slow.ran).toHaveLength(times))
    return { ...slow, wire, say, runs, make, [Symbol.asyncDispose]: () => set[Symbol.asyncDispose]() }
  }

  verifies('EM-01', 'MCP-05: what the SDK refuses by itself takes nothing from a running request with its id, and no class is refused for it', async () => {
    await using set = await staged()
    set.say(5, SLOW)
    await set.runs(1)
    set.say(5, refusedBySdk(line))
    await vi.waitFor(() => expect(answersTo(set.wire, 5)).toMatchObject([{ error: { message: expect.any(String) } }]))
    set.go()
    await vi.waitFor(() => expect(answersTo(set.wire, 5)).toMatchObject([{ error: {} }, { result: { content: [{ text: 'for northwind' }] } }]))
    await connected(set.make(), new Wire())
    expect(set.faults).toEqual([])
  })

  verifies('CH-01', 'MCP-05: what the SDK refuses before anybody is let in has its code and fixed words', async () => {
    await using set = await staged()
    for (const [id, refused] of [refusedBySdk(line), { method: 'tools/call', params: { name: 'c4n4ry', task: { ttl: 1 } } }, { method: 'c4n4ry/list' }].entries()) {
      set.wire.onmessage?.({ jsonrpc: '2.0', id, ...refused }, {})
      await vi.waitFor(() => expect(answersTo(set.wire, id)).toHaveLength(1))
      const { error } = answersTo(set.wire, id)[0] as { error: { code: number; message: string; data?: unknown } }
      expect(['-32601 Method not found', '-32602 Invalid params', '-32603 Internal error', '-31403 No access token was sent.']).toContain(`${error.code} ${error.message}`)
    }
    expect(JSON.stringify(set.wire.sent)).not.toContain('c4n4ry')
    expect([set.ran, set.faults]).toEqual([[], []])
    for (const message of [{ method: 'ping' }, refusedBySdk(line)]) set.say(9, message) // at once: neither is asked about yet
    await vi.waitFor(() => expect(answersTo(set.wire, 9)).toHaveLength(2))
    expect(JSON.stringify(answersTo(set.wire, 9))).toMatch(/"message":"(?:Method not found|Internal error)"/)
  })

  verifies('EM-01', 'a second request with the id of one that runs is refused, and runs nothing', async () => {
    await using set = await staged()
    set.say(5, SLOW)
    await set.runs(1)
    for (const again of [SLOW, { method: 'tools/list', params: {} }]) set.say(5, again)
    await vi.waitFor(() => expect(answersTo(set.wire, 5)).toHaveLength(2))
    for (const refused of answersTo(set.wire, 5)) expect(refused).toMatchObject({ error: { code: -32600, message: 'This request id is in use' } })
    set.go()
    await vi.waitFor(() => expect(answersTo(set.wire, 5)).toHaveLength(3))
    expect(answersTo(set.wire, 5)[2]).toMatchObject({ result: { content: [{ text: 'for northwind' }] } })
    set.say(5, SLOW)
    await vi.waitFor(() => expect(answersTo(set.wire, 5)).toHaveLength(4))
    expect(answersTo(set.wire, 5)[3]).toHaveProperty('result')
    expect(set.faults).toEqual([])
  })

  verifies('EM-01', 'the id of a cancelled request is free, also while its handler runs on', async () => {
    await using set = await staged()
    set.say(5, SLOW)
    await set.runs(1)
    set.say(undefined, { method: 'notifications/cancelled', params: { requestId: 5 } })
    await turn()
    set.say(5, SLOW)
    await set.runs(2)
    set.go()
    await vi.waitFor(() => expect(answersTo(set.wire, 5)).toMatchObject([{ result: { content: [{ text: 'for northwind' }] } }]))
    await turn()
    expect([answersTo(set.wire, 5).length, set.faults]).toEqual([1, []])
  })
})

describe.each(HOSTINGS.filter(({ sessions }) => sessions))('requests of one id, hosted as $name', (hosting) => {
  verifies('EM-01', 'MCP-05: nobody can have the server refused to others by them', async () => {
    await using set = await tenants(ownServer({ tools: { slow: { risk: 'read', tasks: true } } }))
    const slow = slowly()
    const fetch = hosting.host(protect(set.portcullis, slow.make(hosting.line), { onFault: slow.onFault }) as never)
    const session = (await begin(hosting, fetch, set.token.admin))!
    const post = async (message: object): Promise<Response> => fetch(new Request('http://127.0.0.1:1/mcp', {
      method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 5, ...message }),
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${set.token.admin}`, 'mcp-session-id': session },
    }))
    const first = await post(SLOW)
    await vi.waitFor(() => expect(slow.ran).toHaveLength(1))
    const second = await post(refusedBySdk(hosting.line))
    expect(await second.text()).toContain('"error"')
    slow.go()
    await turn()
    await first.body?.cancel()
    expect(await begin(hosting, fetch, set.token.rival)).toMatch(/^[\w-]{36}$/)
    expect(slow.faults).toEqual([])
  })
})
