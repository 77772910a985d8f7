import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainCopy } from '../../src/json/plain.ts'

const LIMITS = { bytes: 1_048_576, depth: 64 }
const take = (value: unknown) => plainCopy(value, LIMITS)
const valueOf = (value: unknown): unknown => {
  const copy = take(value)
  if (!copy.ok) throw new Error(copy.code)
  return copy.value
}

function isDeepFrozen(value: unknown): boolean {
  return typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isDeepFrozen))
}

describe('plainCopy', () => {
  test('CUS-04: any JSON value comes back equal, deep-frozen and independent of the original', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'medium' }), (value) => {
        const text = JSON.stringify(value)
        const copy = valueOf(JSON.parse(text))
        expect(JSON.stringify(copy)).toBe(text)
        expect(isDeepFrozen(copy)).toBe(true)
        if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value)
      }),
    )
  })

  test('CUS-04: whatever an in-process value is, nothing throws and what is accepted is what JSON would carry', () => {
    fc.assert(
      fc.property(fc.anything({ withDate: true, withMap: true, withSet: true, withBigInt: true, withNullPrototype: true, withSparseArray: true, withTypedArray: true, withObjectString: true }), (value) => {
        const copy = take(value)
        if (!copy.ok) return
        expect(isDeepFrozen(copy.value)).toBe(true)
        expect(JSON.parse(JSON.stringify(copy.value))).toEqual(copy.value)
      }),
      { numRuns: 500 },
    )
  })

  test('CUS-04: __proto__, constructor, toJSON and hasOwnProperty stay own data and pollute nothing', () => {
    const hostile: unknown = JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"toJSON":"x","hasOwnProperty":1}')
    const copy = valueOf(hostile) as Record<string, unknown>
    expect(Object.keys(copy)).toEqual(['__proto__', 'constructor', 'toJSON', 'hasOwnProperty'])
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect(copy.admin).toBeUndefined()
    expect(({} as Record<string, unknown>).admin).toBeUndefined()
    expect(JSON.stringify(copy)).toBe(JSON.stringify(hostile))
  })

  test('CUS-04: a getter runs once and its one answer is what stays', () => {
    let reads = 0
    const copy = valueOf({ get client_id() { return ++reads } }) as { client_id: number }
    expect(copy.client_id).toBe(1)
    expect(copy.client_id).toBe(1)
    expect(reads).toBe(1)
  })

  test('CUS-04: a Proxy that changes its answers is frozen at its first one; its length and its members are read once', () => {
    const reads: string[] = []
    const liar = new Proxy([{ id: 1 }, { id: 2 }], {
      get(target, name, receiver): unknown {
        reads.push(String(name))
        return name === 'length' && reads.filter((read) => read === 'length').length > 1 ? 1e9 : Reflect.get(target, name, receiver)
      },
    })
    expect(valueOf(liar)).toEqual([{ id: 1 }, { id: 2 }])
    expect(reads).toEqual(['length', '0', '1'])
  })

  test.each([NaN, -1e9, '5', {}, 1.5, Infinity, undefined, 2n])('CUS-04: a Proxy whose length is %s cannot switch the limits off', (length) => {
    const liar = new Proxy([], { get: (target, name) => (name === 'length' ? length : Reflect.get(target, name)) })
    expect(take([liar])).toEqual({ ok: false, code: 'not_plain' })
  })

  test('CUS-04: what throws when it is read is not plain, a revoked Proxy too', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const throwing = { get secret(): never { throw new Error('boom') } }
    const trapped = new Proxy({}, { ownKeys() { throw new RangeError('boom') } })
    for (const value of [proxy, throwing, trapped, { deep: [throwing] }]) expect(take(value)).toEqual({ ok: false, code: 'not_plain' })
  })

  test.each([
    ['function', () => 1], ['symbol', Symbol('x')], ['bigint', 1n], ['NaN', NaN], ['Infinity', -Infinity], ['undefined', undefined], ['Date', new Date(0)], ['Map', new Map()],
    ['Set', new Set()], ['RegExp', /x/], ['Promise', Promise.resolve(1)], ['Error', new Error('x')], ['Buffer', Buffer.from('x')], ['boxed string', Object('x')],
    ['class instance', new (class Record { id = 1 })()], ['inherited members', Object.create({ id: 1 })], ['array subclass', new (class List extends Array {})()],
    // oxlint-disable-next-line no-sparse-arrays
    ['hole', [1, , 2]], ['undefined in a list', [undefined]], ['toJSON function', { toJSON: () => 'x' }],
  ])('CUS-04: %s is not plain, at the root and inside', (_, value) => {
    expect(take(value)).toEqual({ ok: false, code: 'not_plain' })
    expect(take([value])).toEqual({ ok: false, code: 'not_plain' })
    if (value !== undefined) expect(take({ in: { it: value } })).toEqual({ ok: false, code: 'not_plain' })
  })

  test('undefined members, symbol members and hidden members are left out, -0 becomes 0', () => {
    const source = Object.defineProperty({ a: 1, b: undefined, [Symbol('c')]: 2, d: -0 }, 'e', { value: 3, enumerable: false })
    const copy = valueOf(source) as { d: number }
    expect(Reflect.ownKeys(copy)).toEqual(['a', 'd'])
    expect(Object.is(copy.d, 0)).toBe(true)
  })

  test('DOS-01: depth is counted in levels, cycles end there', () => {
    const nest = (levels: number): unknown => (levels === 0 ? 1 : [nest(levels - 1)])
    expect(plainCopy(nest(5), { bytes: 100, depth: 5 }).ok).toBe(true)
    expect(plainCopy(nest(6), { bytes: 100, depth: 5 })).toEqual({ ok: false, code: 'too_deep' })
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    expect(take(cycle)).toEqual({ ok: false, code: 'too_deep' })
  })

  test('DOS-01: a shared part that doubles at every level ends at the size limit', () => {
    let value: unknown = 'x'
    for (let level = 0; level < 60; level++) value = [value, value]
    expect(take(value)).toEqual({ ok: false, code: 'too_large' })
  })

  test('DOS-01: the number of values can be limited', () => {
    expect(plainCopy([1, 2, 3], { ...LIMITS, nodes: 4 }).ok).toBe(true)
    expect(plainCopy([1, 2, 3, 4], { ...LIMITS, nodes: 4 })).toEqual({ ok: false, code: 'too_large' })
  })

  test('DOS-01: lists of many small values count what their JSON takes', () => {
    const values = [0, 7, true, false, null, '', 'a', [], {}]
    for (const value of values) for (const length of [0, 1, 2, 3, 50, 1_000]) {
      const list = Array.from({ length }, () => value)
      const bytes = JSON.stringify(list).length
      expect(plainCopy(list, { bytes, depth: 2 })).toMatchObject({ ok: true })
      expect(plainCopy(list, { bytes: bytes - 1, depth: 2 })).toEqual({ ok: false, code: 'too_large' })
    }
  })

  test('DOS-01: the size limit is exactly the UTF-8 length of the JSON, whatever the characters', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), fc.integer({ min: -3, max: 3 }), (value, off) => {
        const plain: unknown = JSON.parse(JSON.stringify(value))
        const json = JSON.stringify(plain)
        const size = Buffer.byteLength(json)
        const copy = plainCopy(plain, { bytes: size + off, depth: 64 })
        expect(copy.ok).toBe(off >= 0)
        if (copy.ok && copy.json !== undefined) expect(copy.json).toBe(json)
        if (!copy.ok) expect(copy.code).toBe('too_large')
      }),
    )
  })
})
