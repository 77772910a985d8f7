import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, NotPlainJson } from '../../src/json/canonical.ts'

const json = () => fc.jsonValue({ maxDepth: 5, depthSize: 'medium' })

/** A second opinion: builds the text from sorted entries, leaving only leaves to `JSON.stringify`. */
function naive(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return '[' + value.map(naive).join() + ']'
  const keys = Object.keys(value).sort((a, b) => (a < b ? -1 : 1))
  return '{' + keys.map((key) => JSON.stringify(key) + ':' + naive((value as Record<string, unknown>)[key])).join() + '}'
}

function shuffled(value: unknown, random: () => number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => shuffled(item, random))
  const entries = Object.entries(value).map(([key, item]) => [key, shuffled(item, random)] as const)
  return Object.fromEntries(entries.map((entry) => [random(), entry] as const).sort(([a], [b]) => a - b).map(([, entry]) => entry))
}

describe('canonical JSON, RFC 8785', () => {
  test('says the same as parsing and a second implementation, and is a fixed point', () => {
    fc.assert(
      fc.property(json(), (value) => {
        const text = canonicalJson(value)
        expect(text).toBe(naive(value))
        expect(canonicalJson(JSON.parse(text))).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  test('does not depend on the order of members', () => {
    fc.assert(
      fc.property(json(), fc.infiniteStream(fc.double({ noNaN: true })), (value, stream) => {
        expect(canonicalJson(shuffled(value, () => stream.next().value))).toBe(canonicalJson(value))
      }),
    )
  })

  test('the example of RFC 8785 §3.2.2 and the order of §3.2.3', () => {
    const value = JSON.parse('{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}')
    expect(canonicalJson(value)).toBe('{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}')
    expect(canonicalJson({ '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 })).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    )
  })

  test('AUD-05: -0, exponents and escapes have one spelling; normal forms stay distinct', () => {
    expect(canonicalJson([-0, JSON.parse('1e0'), JSON.parse('"\\u0061"')])).toBe('[0,1,"a"]')
    expect(canonicalJson('\u00e9')).not.toBe(canonicalJson('e\u0301'))
  })

  test('an own member __proto__ is a member like any other', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"a":1},"b":2}'))).toBe('{"__proto__":{"a":1},"b":2}')
    expect(canonicalJson(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}')
  })

  const holes = [1, 2, 3]
  delete holes[1]
  const cycle: unknown[] = []
  cycle.push([cycle])
  let calls = 0
  const refused: Record<string, unknown> = {
    undefined: undefined, NaN, infinity: -Infinity, bigint: 1n, symbol: Symbol('s'), function: () => 1,
    'lone high surrogate': 'a\ud800', 'lone low surrogate': '\udc00a', 'lone surrogate in a name': { '\ud800': 1 },
    date: new Date(0), map: new Map(), buffer: Buffer.from('a'), boxed: new String('a'), 'class instance': new (class { a = 1 })(), 'array subclass': new (class extends Array {})(),
    holes, cycle, 'undefined member': { a: undefined }, 'undefined item': [undefined], 'symbol member': { [Symbol('s')]: 1 },
    getter: { get a() { calls++; return 1 } }, 'hidden member': Object.defineProperty({}, 'a', { value: 1 }), 'hidden item': Object.defineProperty([1], '0', { enumerable: false }),
    'array with a name': Object.assign([1], { a: 1 }), 'hole and a name': Object.assign([, 1], { a: 1 }), toJSON: { toJSON: () => 1 }, 'inherited members': Object.create({ a: 1 }),
  }
  test.each(Object.keys(refused))('refuses %s wherever it stands', (name) => {
    for (const value of [refused[name], [refused[name]], { deep: [{ in: refused[name] }] }]) {
      expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ name: 'NotPlainJson', code: 'not_plain_json' }))
    }
    expect(calls).toBe(0)
  })

  test('refuses depth before the stack does, and names the place without the value', () => {
    const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)])
    expect(canonicalJson(nest(256))).toHaveLength(513)
    expect(() => canonicalJson(nest(257))).toThrow(NotPlainJson)
    expect(() => canonicalJson({ a: [{ secret: 5n }] })).toThrow('$.a[0].secret: a bigint is not JSON')
  })
})
