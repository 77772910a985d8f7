import { createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Owned } from '../src/chain/08-arguments.ts'
import { describeArguments } from '../src/record.ts'

const key = createSecretKey(Buffer.alloc(32, 7))
interface Said {
  readonly clear: Readonly<Record<string, unknown>>
  readonly digests: Readonly<Record<string, string>>
  readonly rest?: { readonly fields: number; readonly digest: string }
}

/** What the audit says of these arguments, for a tool that declares these fields clear. */
function said(input: object, clear: readonly string[] = []): Said {
  const owned = { prepared: { input, permitted: { ready: { known: { named: { tool: { clear } } } } } } } as unknown as Owned
  return (describeArguments(owned, key) as { arguments: Said }).arguments
}
const many = (count: number, first = 0): Record<string, number> => Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${first + index}`, index]))

test('AU-01: clear fields as they are, all others as digests; the same value has the same digest', () => {
  const { clear, digests, rest } = said({ text: 'open', id: 17, other: 17 }, ['text'])
  expect([clear, Object.keys(digests), rest]).toEqual([{ text: 'open' }, ['id', 'other'], undefined])
  expect(digests['id']).toBe(said({ id: 17 }).digests['id'])
  expect(digests['id']).not.toBe(digests['other'])
})

test('DOS-01: whatever fields a caller sends, a record stays far below a line of the export', () => {
  const field = fc.oneof(fc.string({ maxLength: 10, unit: 'binary' }), fc.string({ minLength: 120, maxLength: 300, unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', 'c1', 'c2'))
  fc.assert(fc.property(fc.dictionary(field, fc.oneof(fc.string({ maxLength: 12_000, size: 'max' }), fc.jsonValue()), { maxKeys: 200, size: 'max' }), (input) => {
    fc.pre(Object.keys(input).every((name) => name.isWellFormed()) && JSON.stringify(input).isWellFormed() && !JSON.stringify(input).includes('\\ud'))
    const { clear, digests, rest } = said(input, ['c1', 'c2'])
    expect(Object.keys(clear).length + Object.keys(digests).length + (rest?.fields ?? 0)).toBe(Object.keys(input).length)
    expect(Buffer.byteLength(JSON.stringify({ clear, digests, rest }))).toBeLessThan(131_072)
  }), { numRuns: 40 })
  expect(JSON.stringify(said(many(40_000))).length).toBeLessThan(4_096)
})

test('the 65th digest and names over 128 characters go into one digest together, which still tells them apart', () => {
  expect(said(many(64)).rest).toBeUndefined()
  expect(said(many(66)).rest).toMatchObject({ fields: 2 })
  expect(said({ ...many(64), x: 1 }).rest).not.toEqual(said({ ...many(64), x: 2 }).rest)
  expect(said({ ...many(64), x: 1 }).rest).not.toEqual(said({ ...many(64), y: 1 }).rest)
  expect(said({ ['n'.repeat(128)]: 1 }).rest).toBeUndefined()
  expect(said({ ['n'.repeat(129)]: 1 })).toMatchObject({ digests: {}, rest: { fields: 1 } })
})

test('clear fields beyond 16 KiB of JSON are digested, those that still fit stay clear', () => {
  const long = 'x'.repeat(16_000)
  const { clear, digests } = said({ a: long, b: long, c: 'short' }, ['a', 'b', 'c'])
  expect([clear, Object.keys(digests)]).toEqual([{ a: long, c: 'short' }, ['b']])
  expect(Object.keys(said({ a: '\u0001'.repeat(3_000) }, ['a']).digests)).toEqual(['a']) // as the record would carry it
})
