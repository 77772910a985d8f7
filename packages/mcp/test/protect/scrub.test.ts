import { expect, test } from 'vitest'
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
