import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { scrub, scrubFactoryContext } from '../../src/protect/scrub.ts'

const HEADERS = { authorization: 'Bearer secret', cookie: 'a=secret', 'portcullis-tenant': 'north', 'mcp-method': 'tools/call' }
const request = (): Request => new Request('https://mcp.example.com/mcp?access_token=secret&a=1', { method: 'POST', headers: HEADERS })

interface Holder {
  req?: Request
  requestInfo?: Request
}
const ofHandler = (of: unknown): Holder => (scrub({ mcpReq: {}, http: { req: of } }, { caller: { tenant: 'north', principal: 'bot' } }) as { http: Holder }).http
const ofFactory = (of: unknown): Holder => scrubFactoryContext({ era: 'modern', requestInfo: of }) as Holder

for (const [name, member, give] of [['handler', 'req', ofHandler], ['factory', 'requestInfo', ofFactory]] as const) {
  test(`the request that a ${name} is given holds no credential, however it is looked at, and is one`, () => {
    const given = give(request())
    const looked = [given[member], { ...given }[member], Object.values(given).find((value) => value instanceof Request), Object.entries(given).find(([key]) => key === member)?.[1]]
    expect(new Set(looked).size).toBe(1)
    for (const seen of looked as Request[]) {
      expect(seen).toBeInstanceOf(Request)
      expect([seen.url, seen.method, ...Array.from(seen.headers).flat()].join(' ')).not.toContain('secret')
      expect(Array.from(seen.headers)).toEqual([['mcp-method', 'tools/call']])
    }
    expect(Object.getOwnPropertyNames(given).filter((key) => key === member)).toHaveLength(1)
  })

  test(`the request that came is not made anew for a ${name} that never looks, and it may put another in its place`, () => {
    let looked = 0
    const watched = new Proxy(request(), { get: (target, key) => {
      looked += 1
      return Reflect.get(target, key, target) as unknown
    } })
    const given = give(watched)
    expect(looked).toBe(0)
    expect(given[member]?.headers.get('authorization')).toBeNull()
    expect(looked).toBeGreaterThan(0)
    const other = new Request('https://other.example.com')
    given[member] = other
    expect(given[member]).toBe(other)
  })
}

const TOKEN = 'secret.token'
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` }
const CALLER = { tenant: 'north', principal: 'bot' }
class Session { #token = TOKEN; read(): string { return this.#token } }
const cyclic: Record<string, unknown> = { deep: [{ text: `jwt=${TOKEN}` }] }
cyclic['self'] = cyclic

/** Each has the token, or may. */
const HOLDERS: Readonly<Record<string, unknown>> = {
  'a text': `Bearer ${TOKEN}`, 'a list in an object': { a: [TOKEN] }, 'a key': { [TOKEN]: true }, 'a symbol\'s member': { [Symbol('s')]: TOKEN }, 'a cycle': cyclic,
  'what is not enumerated': Object.defineProperty({}, 'hidden', { value: TOKEN }), 'a getter': { get late() { return TOKEN } }, 'a member that is a function': { read: () => TOKEN },
  'headers': new Headers(AUTHORIZED), 'a request': new Request('http://x', { headers: AUTHORIZED }), 'a map': new Map([['raw', TOKEN]]), 'a set': new Set([TOKEN]),
  'a function': () => TOKEN, 'an instance': new Session(), 'a buffer': Buffer.from(TOKEN), 'an address': new URL(`https://x/?t=${TOKEN}`), 'an address with more': Object.assign(new URL('https://x/'), { read: () => TOKEN }),
}
const FINE = { resource: new URL('https://mcp.example.com/'), scopes: ['read'], clientId: 'c', expiresAt: 7, extra: { org: { id: 1, names: ['a', null] }, bare: Object.assign(Object.create(null) as object, { a: true }) } }

/** By where the token came: in what the SDK was told, in the header, or both. */
const CAME: Readonly<Record<string, (authInfo: object) => readonly [context: object, authInfoOf: (given: Record<string, unknown>) => unknown]>> = {
  'authInfo of the first line': (authInfo) => [{ authInfo: { ...authInfo, token: TOKEN } }, ({ authInfo: given }) => given],
  'the header of the first line': (authInfo) => [{ authInfo, requestInfo: { headers: { Authorization: `bearer  ${TOKEN}` } } }, ({ authInfo: given }) => given],
  'authInfo of the second line': (authInfo) => [{ mcpReq: {}, http: { authInfo: { ...authInfo, token: TOKEN } } }, ({ http }) => (http as Record<string, unknown>)['authInfo']],
  'the header of the second line': (authInfo) => [{ mcpReq: {}, http: { authInfo: { ...authInfo, token: 'another' }, req: new Request('http://x', { headers: AUTHORIZED }) } }, ({ http }) => (http as Record<string, unknown>)['authInfo']],
}

describe.each(Object.keys(CAME))('beside a token in %s', (where) => {
  verifies('SE-03', 'AUT-16: whatever may hold it is not passed on, and what cannot is', () => {
    for (const place of ['extra', 'authInfo'] as const) {
      const added = place === 'extra' ? { ...FINE, extra: { ...FINE.extra, ...HOLDERS } } : { ...FINE, ...HOLDERS }
      const [context, authInfoOf] = CAME[where]!(added)
      const { extra, ...given } = authInfoOf(scrub(context, { caller: CALLER })) as Record<string, unknown>
      expect({ ...given, extra: { ...(extra as object), 'dev.portcullis': undefined } }).toEqual({ ...FINE, token: '', extra: { ...FINE.extra, 'dev.portcullis': undefined } })
      expect((given['resource'] as URL).href).toBe('https://mcp.example.com/')
    }
  })
})

verifies('SE-03', 'AUT-16: a header that repeats the token under another name is not passed on', () => {
  const headers = { ...AUTHORIZED, 'x-forwarded-access-token': TOKEN, 'x-both': [TOKEN, 'b'], 'x-other': 'fine' }
  expect(scrub({ requestInfo: { headers } }, { caller: CALLER })).toMatchObject({ requestInfo: { headers: { 'x-other': 'fine' } } })
  expect(JSON.stringify(scrub({ requestInfo: { headers } }, { caller: CALLER }))).not.toContain(TOKEN)
  const { req } = ofHandler(new Request('http://x', { headers: { ...AUTHORIZED, 'x-forwarded-access-token': TOKEN, 'x-other': 'fine' } }))
  expect(Array.from(req!.headers)).toEqual([['x-other', 'fine']])
})

verifies('AP-01', 'of what a client says beside its request, a handler is told the name of its progress', () => {
  const _meta = { progressToken: 'p', force: true }
  expect(scrub({ _meta, requestId: 1 }, { caller: CALLER })).toMatchObject({ _meta: { progressToken: 'p' }, requestId: 1 })
  for (const context of [{ _meta }, { mcpReq: { _meta, envelope: { kept: 1 } } }]) expect(JSON.stringify(scrub(context, { caller: CALLER }))).not.toContain('force')
  expect(scrub({ mcpReq: { _meta, envelope: { kept: 1 } } }, { caller: CALLER })).toMatchObject({ mcpReq: { _meta: { progressToken: 'p' }, envelope: { kept: 1 } } })
})

describe('the first parameter of a factory', () => {
  verifies('SE-03', 'AUT-16: that is a request is one without its token, or refused with a sentence', () => {
    const given = scrubFactoryContext(new Request('https://x/mcp?access_token=secret', { headers: { ...AUTHORIZED, 'x-token': TOKEN, 'x-plan': 'gold' } })) as Request
    expect(given).toBeInstanceOf(Request)
    expect([given.url, ...Array.from(given.headers).flat()]).toEqual(['https://x/mcp', 'x-plan', 'gold'])
    const ofNode = Object.assign(new IncomingMessage(new Socket()), { headers: AUTHORIZED })
    const ofAnotherRealm = runInNewContext('new (class Request { constructor(headers) { this.headers = headers } })(headers)', { headers: new Headers(AUTHORIZED) }) as object
    const ofAFramework = new (class { headers = AUTHORIZED })()
    for (const request of [ofNode, ofAnotherRealm, ofAFramework]) expect(() => scrubFactoryContext(request)).toThrow(expect.objectContaining({ code: 'request_unguarded', message: expect.stringContaining('callerOf') }))
  })

  test('that is the context of an entry is scrubbed, and anything else goes through as it is', () => {
    const context = { era: 'legacy', authInfo: { ...FINE, token: TOKEN, extra: { raw: TOKEN } }, requestInfo: { headers: AUTHORIZED, url: new URL('https://x/?access_token=secret&a=1') } }
    expect(scrubFactoryContext(context)).toEqual({ era: 'legacy', authInfo: { ...FINE, token: '', extra: {} }, requestInfo: { headers: {}, url: new URL('https://x/?a=1') } })
    for (const other of [undefined, null, 'session', 7, ['a'], { region: 'eu', get late() { throw new Error('looked at') } }, new Map(), new (class Settings { authInfo = 'theirs' })()]) expect(scrubFactoryContext(other)).toBe(other)
  })
})
