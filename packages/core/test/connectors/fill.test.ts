import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { verifies } from '../../../../test-support/verifies.ts'
import { advertise } from '../../src/connectors/advertise.ts'
import { compileFill } from '../../src/connectors/fill.ts'
import { customerKey, recordId } from '../../src/connectors/marks.ts'
import { compileNamed } from '../../src/connectors/named.ts'

const Key = customerKey(z.number())
const Line = z.object({ client: Key, text: z.string() })
const Tree = z.object({ name: z.string(), client: Key, get sub() { return z.array(Tree).optional() } })

describe('marked inputs', () => {
  verifies('IS-07', 'CUS-11: are written at every depth, in a copy', () => {
    const Input = z.object({
      client: Key, status: z.string().optional(), at: z.object({ owner: Key.optional(), lines: z.array(Line) }).optional(), tree: Tree.optional(),
      what: z.discriminatedUnion('kind', [z.object({ kind: z.literal('a'), client: Key }), z.object({ kind: z.literal('b'), n: z.number() })]).optional(),
    })
    const fill = compileFill(Input)
    const args = Object.freeze({ status: 'open', at: { lines: [{ text: 'x' }, { text: 'y' }] }, tree: { name: 'r', sub: [{ name: 's' }] }, what: { kind: 'a' } })
    const expected = {
      status: 'open', client: 7, at: { owner: 7, lines: [{ text: 'x', client: 7 }, { text: 'y', client: 7 }] }, tree: { name: 'r', client: 7, sub: [{ name: 's', client: 7 }] }, what: { kind: 'a', client: 7 },
    }
    const filled = fill(args, 7)
    expect(filled).toEqual({ ok: true, value: expected })
    expect(filled.ok && Input.parse(filled.value)).toEqual(expected)
    expect(args).not.toHaveProperty('client')
    expect(fill({ what: { kind: 'b', n: 1 } }, 7)).toEqual({ ok: true, value: { client: 7, what: { kind: 'b', n: 1 } } })
    expect(fill(args, undefined)).toEqual({ ok: true, value: args })
  })

  test.each([
    ['$.client', { client: 7 }], ['$.client', { client: null }], ['$.client', { client: undefined }], ['$.at.lines[].client', { at: { lines: [{ text: 'x' }, { text: 'y', client: 7 }] } }],
    ['$.what.client', { what: { kind: 'a', client: 9 } }], ['$.tree.sub[].client', { tree: { name: 'x', sub: [{ name: 'y', client: 1 }] } }],
  ])('CUS-11: a caller who sends one is refused, whatever its value: %s', (field, args) => {
    const fill = compileFill(z.object({ client: Key, at: z.object({ lines: z.array(Line) }).optional(), what: z.discriminatedUnion('kind', [z.object({ kind: z.literal('a'), client: Key })]).optional(), tree: Tree.optional() }))
    for (const key of [7, undefined]) expect(fill(args, key)).toEqual({ ok: false, field })
  })

  test('CUS-04: any arguments at all leave filling whole, and what is filled holds the key', () => {
    const fill = compileFill(z.object({ client: Key, at: z.object({ client: Key }).optional(), lines: z.array(Line).optional() }))
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ at: fc.jsonValue(), lines: fc.jsonValue(), ['__proto__']: fc.jsonValue() }, { requiredKeys: [] })), (args) => {
        const filled = fill(args, 7)
        if (!filled.ok) {
          expect(JSON.stringify(args)).toContain('client')
          return
        }
        if (typeof args !== 'object' || args === null || Array.isArray(args)) expect(filled.value).toBe(args)
        else expect(Object.entries(filled.value as object)).toEqual(expect.arrayContaining([['client', 7]]))
      }),
    )
    const hostile = fill(JSON.parse('{"__proto__":{"client":9}}'), 7)
    expect(hostile.ok && Object.keys(hostile.value as object)).toEqual(['__proto__', 'client'])
    expect(hostile.ok && Object.getPrototypeOf(hostile.value)).toBe(Object.prototype)
  })

  test.each([
    ['array', z.object({ a: z.array(Key) })], ['default', z.object({ a: z.object({ c: Key }).default({ c: 1 }) })], ['catch', z.object({ a: z.object({ c: Key }).catch({ c: 1 }) })],
    ['tuple', z.object({ a: z.tuple([z.object({ c: Key })]) })], ['record', z.object({ a: z.record(z.string(), z.object({ c: Key })) })], ['record', z.object({ a: z.record(customerKey(z.string()), z.number()) })],
    ['pipe', z.object({ a: z.preprocess((v) => v, z.object({ c: Key })) })],
    ['a union needs z.discriminatedUnion', z.object({ a: z.union([z.object({ c: Key }), z.string()]) })],
  ])('cannot stand where they cannot be written: %s', (what, schema) => {
    expect(() => compileFill(schema)).toThrow(what)
  })

  test('are not advertised, at any depth and in any wrapping, and every object is closed', () => {
    const Inner = z.object({ client: Key.optional(), text: z.string() }).refine(() => true)
    const Input = z.object({ client: Key, only: z.object({ client: Key }), list: z.array(Inner).describe('x'), opt: Inner.optional(), null: Inner.nullable(), tree: Tree, both: Line.and(z.object({ more: z.string() })) })
    const json = advertise(Input, 'input', 'x')
    const text = JSON.stringify(json)
    expect(text).not.toContain('client')
    expect(json).not.toHaveProperty('$schema')
    expect((text.match(/"type":"object"/g) ?? []).length).toBe((text.match(/"additionalProperties":false/g) ?? []).length)
    expect(json).toMatchObject({ required: ['only', 'list', 'null', 'tree', 'both'], properties: { only: { properties: {}, additionalProperties: false } } })
    expect(json.properties).not.toHaveProperty('only.required')
    expect(Object.isFrozen(json) && Object.isFrozen((json.properties as { only: object }).only)).toBe(true)
    expect(text.match(/"\$ref":"[^"]*"/g)?.every((ref) => ref.startsWith('"$ref":"#'))).toBe(true)
  })

  test('an open input says so, a default makes a field optional, output marks leave no trace', () => {
    expect(advertise(z.looseObject({ a: z.string().default('x') }), 'input', 'x')).toEqual({ type: 'object', properties: { a: { type: 'string', default: 'x' } }, additionalProperties: {} })
    expect(advertise(z.object({ rows: z.array(Line) }), 'output', 'x')).toEqual(advertise(z.object({ rows: z.array(z.object({ client: z.number(), text: z.string() })) }), 'output', 'x'))
  })
})

describe('records that an input names', () => {
  const ticket = recordId(z.number().int(), 'ticket')
  const asset = recordId(z.string(), 'asset')

  verifies('IS-07', 'CUS-11: are found wherever they are, each once, by type and value', () => {
    const Input = z.object({
      id: ticket, more: z.array(ticket).optional(), by: z.record(z.string(), asset).optional(), pair: z.tuple([ticket, z.string()]).optional(), deep: z.object({ parent: asset.nullish() }).optional(),
      what: z.discriminatedUnion('kind', [z.object({ kind: z.literal('ticket'), id: ticket }), z.object({ kind: z.literal('asset'), id: asset })]).optional(),
      fallback: ticket.default(99), maybe: z.union([ticket, z.null()]).optional(), get again() { return Input.optional() },
    })
    const named = compileNamed(Input)
    const input = Input.parse({ id: 1, more: [2, 1], by: { x: 'a1', y: '1' }, pair: [3, 'x'], deep: { parent: null }, what: { kind: 'asset', id: 'a2' }, maybe: 4, again: { id: 5, what: { kind: 'ticket', id: 6 } } })
    const ids = named(input).map(({ record, id }) => `${record}:${JSON.stringify(id)}`)
    expect(ids.toSorted()).toEqual(['ticket:1', 'ticket:2', 'asset:"a1"', 'asset:"1"', 'ticket:3', 'asset:"a2"', 'ticket:99', 'ticket:4', 'ticket:5', 'ticket:6'].toSorted())
    expect(compileNamed(z.object({ id: z.number() }))({ id: 1 })).toEqual([])
    for (const strange of [null, 1, 'x', [], { id: {} }, { more: 5 }]) expect(named(strange)).toEqual([])
  })

  test('CUS-11: 1 and "1" are two records', () => {
    const either = recordId(z.union([z.number(), z.string()]), 'ticket')
    expect(compileNamed(z.object({ ids: z.array(either) }))({ ids: [1, '1', 1] })).toEqual([{ record: 'ticket', id: 1 }, { record: 'ticket', id: '1' }])
  })

  test('CUS-11: every id that was sent is named, whatever the input', () => {
    const Input = z.object({ ids: z.array(z.object({ a: ticket, b: z.array(asset).optional() })) })
    const named = compileNamed(Input)
    fc.assert(
      fc.property(fc.array(fc.record({ a: fc.integer(), b: fc.array(fc.string()) })), (ids) => {
        const expected = new Set(ids.flatMap(({ a, b }) => [`ticket ${a}`, ...b.map((id) => `asset ${id}`)]))
        expect(new Set(named(Input.parse({ ids })).map(({ record, id }) => `${record} ${id}`))).toEqual(expected)
      }),
    )
  })

  test.each([
    ['must reach run as it is', z.object({ id: ticket.transform((id) => id + 1) })], ['must reach run as it is', z.object({ in: z.object({ id: ticket }).transform((value) => value.id) })],
    ['must reach run as it is', z.object({ id: ticket.pipe(z.number()) })], ['is on both sides of a pipe', z.object({ id: ticket.pipe(ticket) })],
    ['needs z.discriminatedUnion', z.object({ id: z.union([ticket, asset]) })], ['inside record cannot be found', z.object({ ids: z.record(asset, z.number()) })],
    ['inside tuple cannot be found', z.object({ ids: z.tuple([z.string()]).rest(ticket) })], ['inside object cannot be found', z.object({}).catchall(ticket)],
  ])('cannot stand where they could be missed: %s', (sentence, schema) => {
    expect(() => compileNamed(schema)).toThrow(sentence)
  })
})
