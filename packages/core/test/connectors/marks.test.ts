import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { verifies } from '../../../../test-support/verifies.ts'
import { countOf, customerKey, derived, isKey, keyTypes, markOf, shared } from '../../src/connectors/marks.ts'
import { compileNarrower } from '../../src/connectors/narrow.ts'

const Key = customerKey(z.number())

/** Ways to refine or wrap a marked schema, each of which has to leave a key. */
const WRAPPINGS: Record<string, (key: typeof Key) => z.ZodType> = {
  itself: (k) => k, optional: (k) => k.optional(), nullable: (k) => k.nullable(), nullish: (k) => k.nullish(), default: (k) => k.default(7), prefault: (k) => k.prefault(7),
  catch: (k) => k.catch(7), readonly: (k) => k.readonly(), describe: (k) => k.describe('whose'), meta: (k) => k.meta({ title: 'Whose' }), register: (k) => k.register(z.registry<{ x: 1 }>(), { x: 1 }),
  min: (k) => k.min(1), int: (k) => k.int(), refine: (k) => k.refine((n) => n > 0), superRefine: (k) => k.superRefine(() => {}), check: (k) => k.check(z.gt(0)), overwrite: (k) => k.overwrite((n) => n),
  brand: (k) => k.brand<'Client'>(), transform: (k) => k.transform(String), pipe: (k) => k.pipe(z.number()), codec: (k) => z.codec(k, z.string(), { decode: String, encode: Number }),
  'union with null': (k) => z.union([k, z.null()]), 'or another key': (k) => k.or(customerKey(z.string())), lazy: (k) => z.lazy(() => k), clone: (k) => k.clone(), nonoptional: (k) => k.optional().nonoptional(),
  unwrap: (k) => k.optional().unwrap(), 'refined, described, wrapped': (k) => k.min(1).describe('x').optional().describe('y').nullable().readonly(),
}

const Record = z.object({ id: z.number(), client: Key, note: z.string().optional() })

/** Ways to rebuild an object around a marked member, each of which has to leave a record. */
const REBUILDINGS: Record<string, () => z.ZodType> = {
  extend: () => Record.extend({ more: z.string().optional() }), safeExtend: () => Record.safeExtend({ more: z.string().optional() }), pick: () => Record.pick({ id: true, client: true }),
  omit: () => Record.omit({ note: true }), partial: () => Record.partial(), required: () => Record.required({ id: true }), strict: () => Record.strict(), strip: () => Record.strip(),
  'spread shape': () => z.object({ ...Record.shape }), refine: () => Record.refine(() => true), describe: () => Record.describe('x'), meta: () => Record.meta({ title: 'x' }), clone: () => Record.clone(),
  and: () => Record.and(z.object({ more: z.string().optional() })), transform: () => Record.transform((r) => r.id), readonly: () => Record.readonly(), brand: () => Record.brand<'R'>(), lazy: () => z.lazy(() => Record),
  pipe: () => Record.pipe(z.object({ id: z.number(), client: z.number() })), union: () => z.union([Record, z.null()]), 'mini check': () => Record.check(z.refine(() => true)),
}

describe('marks', () => {
  test.each(Object.entries(WRAPPINGS))('CUS-08: a key survives %s', (_, wrap) => {
    const schema = wrap(Key)
    expect(isKey(schema)).toBe(true)
    const narrow = compileNarrower(z.object({ rows: z.array(z.object({ id: z.string(), client: schema })) }))
    const answer = { rows: [{ id: 'mine', client: 1 }, { id: 'foreign', client: 2 }, { id: 'text', client: '1' }, { id: 'missing' }] }
    expect(narrow(answer, 1)).toEqual({ ok: true, value: { rows: [{ id: 'mine', client: 1 }] }, dropped: 2, keyless: 1 })
  })

  test.each(Object.entries(REBUILDINGS))('CUS-08: a record survives %s', (_, rebuild) => {
    const narrow = compileNarrower(z.object({ rows: z.array(rebuild()) }))
    expect(narrow({ rows: [{ id: 1, client: 1 }, { id: 2, client: 2 }, { id: 3 }] }, 1)).toEqual({ ok: true, value: { rows: [{ id: 1, client: 1 }] }, dropped: 1, keyless: 1 })
  })

  test('a mark is set on a clone: the schema it was made from stays what it was', () => {
    const Id = z.number()
    const key = customerKey(Id)
    expect(isKey(key)).toBe(true)
    expect(isKey(Id)).toBe(false)
    expect(isKey(Id.optional())).toBe(false)
  })

  test('marks are not visible in a JSON Schema, and keyof and JSON copies lose them', () => {
    expect(JSON.stringify(z.toJSONSchema(Record))).toBe(JSON.stringify(z.toJSONSchema(z.object({ id: z.number(), client: z.number(), note: z.string().optional() }))))
    expect(isKey(Record.keyof())).toBe(false)
  })

  test('the registry is one for the process, whichever copy of the package sets it up', () => {
    const place = Object.getOwnPropertyDescriptor(globalThis, Symbol.for('portcullis.marks'))
    expect(place).toMatchObject({ writable: false, configurable: false })
    const registry = place?.value as z.core.$ZodRegistry | undefined
    expect(registry?.get(Key)).toEqual({ kind: 'key' })
  })

  test('a schema has one meaning: a second, different mark is refused', () => {
    expect(() => shared(customerKey(z.number()))).toThrow('A schema marked as key cannot be marked as shared too.')
    expect(() => customerKey(shared(z.number()).min(1))).toThrow('A schema marked as shared cannot be marked as key too.')
    expect(() => customerKey(customerKey(z.number()))).not.toThrow()
  })

  test.each([
    ['object', z.object({}) as z.ZodType], ['boolean', z.boolean()], ['array', z.array(z.number())], ['bigint', z.bigint()], ['unknown', z.unknown()], ['date', z.date()],
    ['boolean', z.union([z.number(), z.boolean()])], ['transform', z.preprocess(Number, z.number())],
  ])('IS-08: a key is a string or a number, not %s', (type, schema) => {
    expect(() => customerKey(schema)).toThrow(`A customer key must be a string or a number, not ${type}.`)
  })

  verifies('IS-08', 'the JSON types a key admits are those before any transform', () => {
    expect([...keyTypes(z.enum(['a', 'b']))]).toEqual(['string'])
    expect([...keyTypes(z.union([z.literal(1), z.literal('x'), z.null()]))]).toEqual(['number', 'string'])
    expect([...keyTypes(z.string().transform(Number).optional())]).toEqual(['string'])
    expect([...keyTypes(z.uuid())]).toEqual(['string'])
  })

  test('derived and countOf are marks too, and survive refinement', () => {
    expect(markOf(derived(z.number(), () => 1).min(0))?.kind).toBe('derived')
    expect(markOf(countOf('a.b').describe('x'))?.kind).toBe('derived')
  })
})
