import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { verifies } from '../../../../test-support/verifies.ts'
import { countOf, customerKey, derived, shared } from '../../src/connectors/marks.ts'
import { compileNarrower } from '../../src/connectors/narrow.ts'

const Note = z.object({ client: customerKey(z.number()), text: z.string() })
const Ticket = z.object({ id: z.number(), client: customerKey(z.number()), notes: z.array(Note).optional() })
const mine = { id: 1, client: 1 }
const foreign = { id: 2, client: 2 }
const keyless = { id: 3 }
const note = (client: number) => ({ client, text: `of ${client}` })

const narrowed = (schema: z.ZodType, answer: unknown, key: string | number = 1) => compileNarrower(schema)(answer, key)
const kept = (schema: z.ZodType, answer: unknown, key: string | number = 1): unknown => {
  const result = narrowed(schema, answer, key)
  return result.ok ? result.value : result.reason
}

describe('records', () => {
  verifies('IS-03', 'CUS-01: mixed records are dropped whole and counted, nested ones again inside those that stay', () => {
    const answer = { tickets: [{ ...mine, notes: [note(1), note(2)] }, { ...foreign, notes: [note(1)] }, keyless] }
    expect(narrowed(z.object({ tickets: z.array(Ticket) }), answer)).toEqual({ ok: true, value: { tickets: [{ ...mine, notes: [note(1)] }] }, dropped: 2, keyless: 1 })
  })

  verifies('IS-08', 'CUS-03: keys are compared by type and value, nothing is normalised', () => {
    const Row = z.object({ client: customerKey(z.union([z.string(), z.number()])) })
    const spellings = [1, '1', '01', ' 1', '1 ', '1.0', '１', 'acme', 'ACME', 'acme\u0000', 'acme\u200b', 'café', 'cafe\u0301', '%61cme']
    for (const key of spellings) expect(kept(z.object({ rows: z.array(Row) }), { rows: spellings.map((client) => ({ client })) }, key)).toEqual({ rows: [{ client: key }] })
  })

  test('CUS-02 CUS-08: a key of any other form is no key, and a customer without a key gets nothing', () => {
    const forms = [undefined, null, '', true, false, [1], ['1', 1], { $in: [1] }, { client: 1 }, {}, []]
    const answer = { tickets: forms.map((client, id) => ({ id, client })) }
    expect(narrowed(z.object({ tickets: z.array(Ticket) }), answer)).toEqual({ ok: true, value: { tickets: [] }, dropped: 0, keyless: forms.length })
    for (const key of ['', NaN, Infinity, null, undefined, true]) {
      expect(compileNarrower(z.object({ tickets: z.array(Ticket) }))({ tickets: [mine, { id: 9, client: key }] }, key as number)).toEqual({ ok: false, reason: 'keyless' })
    }
  })

  test('CUS-04: keys that are only inherited do not count', () => {
    expect(kept(z.object({ tickets: z.array(Ticket) }), { tickets: [Object.create({ id: 1, client: 1 })] })).toEqual({ tickets: [] })
    const Odd = z.object({ client: customerKey(z.number()), constructor: z.string().optional(), toString: z.string().optional() })
    expect(kept(z.object({ rows: z.array(Odd) }), { rows: [{ client: 1 }] })).toEqual({ rows: [{ client: 1 }] })
  })

  test('several keys: all that are there must be mine, one must be', () => {
    const Link = z.object({ from: customerKey(z.number()), to: customerKey(z.number()).nullish() })
    const rows = [{ from: 1, to: 1 }, { from: 1, to: 2 }, { from: 2, to: 1 }, { from: 1 }, { from: 1, to: null }, { from: null, to: null }, { from: 1, to: true }]
    expect(narrowed(z.object({ rows: z.array(Link) }), { rows })).toEqual({ ok: true, value: { rows: [rows[0], rows[3], rows[4]] }, dropped: 2, keyless: 2 })
  })

  test('a member that the schema does not name is never copied, also not in a record of mine', () => {
    expect(kept(z.object({ tickets: z.array(Ticket) }), { tickets: [{ ...mine, extra: note(2) }], total: 2 })).toEqual({ tickets: [mine] })
  })
})

describe('single records', () => {
  const One = z.object({ ticket: Ticket })
  verifies('IS-03', 'a required record of somebody else withholds the answer, one without a key too', () => {
    expect(narrowed(One, { ticket: mine })).toEqual({ ok: true, value: { ticket: mine }, dropped: 0, keyless: 0 })
    expect(narrowed(One, { ticket: foreign })).toEqual({ ok: false, reason: 'foreign' })
    expect(narrowed(One, { ticket: keyless })).toEqual({ ok: false, reason: 'keyless' })
    expect(narrowed(One, { ticket: 'text' })).toEqual({ ok: false, reason: 'keyless' })
    expect(narrowed(Ticket, foreign)).toEqual({ ok: false, reason: 'foreign' })
    expect(narrowed(Ticket, 'text')).toEqual({ ok: false, reason: 'keyless' })
  })

  test('optional becomes absent, nullable null, and a constant of the schema stands in where there is one', () => {
    expect(kept(z.object({ ticket: Ticket.optional() }), { ticket: foreign })).toEqual({})
    expect(kept(z.object({ ticket: Ticket.nullable() }), { ticket: foreign })).toEqual({ ticket: null })
    expect(kept(z.object({ ticket: Ticket.nullish() }), { ticket: foreign })).toEqual({})
    expect(kept(z.object({ ticket: z.union([Ticket, z.null()]) }), { ticket: foreign })).toEqual({ ticket: null })
    expect(kept(z.object({ ticket: z.union([Ticket, z.null()]) }), { ticket: null })).toEqual({ ticket: null })
    expect(narrowed(z.object({ ticket: Ticket.nullable() }), { ticket: null })).toMatchObject({ dropped: 0, keyless: 0 })
    expect(kept(z.object({ ticket: Ticket.optional().nonoptional() }), { ticket: foreign })).toBe('foreign')
    const Caught = z.object({ ticket: Ticket.catch({ id: 0, client: 0 }) })
    expect(Caught.parse(kept(Caught, { ticket: foreign }))).toEqual({ ticket: { id: 0, client: 0 } })
  })

  test('what cannot exist without a foreign record goes with it, up to the next place that can do without', () => {
    const Pair = z.object({ left: Ticket, right: Ticket })
    expect(kept(z.object({ pairs: z.array(Pair) }), { pairs: [{ left: mine, right: mine }, { left: mine, right: foreign }] })).toEqual({ pairs: [{ left: mine, right: mine }] })
    const Owner = z.object({ client: customerKey(z.number()), asset: Ticket })
    expect(kept(z.object({ rows: z.array(Owner) }), { rows: [{ client: 1, asset: foreign }, { client: 1, asset: mine }] })).toEqual({ rows: [{ client: 1, asset: mine }] })
    expect(kept(z.object({ pair: Pair.optional() }), { pair: { left: foreign, right: mine } })).toEqual({})
  })
})

describe('lists, names and unions', () => {
  test('CUS-07: in lists a foreign record never leaves a null, nor an emptied group, behind', () => {
    expect(kept(z.object({ rows: z.array(Ticket.nullable()) }), { rows: [foreign, mine, foreign] })).toEqual({ rows: [mine] })
    expect(kept(z.object({ rows: z.array(z.union([Ticket, z.null()])) }), { rows: [foreign, mine] })).toEqual({ rows: [mine] })
    const groups = { groups: [{ tickets: [foreign] }, { tickets: [mine, foreign] }, { tickets: [] }] }
    expect(kept(z.object({ groups: z.array(z.object({ tickets: z.array(Ticket) })) }), groups)).toEqual({ groups: [{ tickets: [mine] }, { tickets: [] }] })
    expect(kept(z.object({ pages: z.array(z.array(Ticket)) }), { pages: [[foreign], [mine]] })).toEqual({ pages: [[mine]] })
  })

  test('keys that stand alone are filtered', () => {
    expect(narrowed(z.object({ clients: z.array(customerKey(z.number())) }), { clients: [1, 2, 1, null, '1'] })).toEqual({ ok: true, value: { clients: [1, 1] }, dropped: 2, keyless: 1 })
    const Watched = Ticket.extend({ watchers: z.array(customerKey(z.number())) })
    expect(kept(z.object({ rows: z.array(Watched) }), { rows: [{ ...mine, watchers: [2, 1, 3] }] })).toEqual({ rows: [{ ...mine, watchers: [1] }] })
  })

  test('tuples keep their positions or go whole', () => {
    const Two = z.object({ two: z.tuple([Ticket, Ticket.nullable()]).optional() })
    expect(kept(Two, { two: [mine, foreign] })).toEqual({ two: [mine, null] })
    expect(kept(Two, { two: [foreign, mine] })).toEqual({})
    expect(kept(z.object({ two: z.tuple([Ticket]).rest(Ticket) }), { two: [mine, foreign, mine] })).toEqual({ two: [mine, mine] })
    expect(kept(z.object({ two: z.tuple([Ticket]) }), { two: [mine, foreign] })).toEqual({ two: [mine] })
    expect(kept(z.object({ two: z.tuple([Ticket, Ticket.optional()]) }), { two: [mine, foreign] })).toEqual({ two: [mine] })
  })

  test('names go with their records; names that are keys are compared by type too', () => {
    const ByName = z.object({ by: z.record(z.string(), Ticket) })
    expect(kept(ByName, { by: { 'ACME Ltd': mine, 'Globex Inc': foreign, 'Initech': null } })).toEqual({ by: { 'ACME Ltd': mine } })
    expect(kept(z.object({ by: z.record(z.string(), Ticket.nullable()) }), { by: { a: mine, b: foreign, c: null } })).toEqual({ by: { a: mine } })
    expect(kept(z.object({ by: z.record(customerKey(z.string()), z.number()) }), { by: { 1: 5, 2: 6 } }, '1')).toEqual({ by: { 1: 5 } })
    expect(kept(z.object({ by: z.record(customerKey(z.string()), z.number()) }), { by: { 1: 5, 2: 6 } }, 1)).toEqual({ by: {} })
    expect(kept(z.object({ by: z.record(customerKey(z.number()), z.number()) }), { by: { 1: 5, '01': 6 } }, 1)).toEqual({ by: { 1: 5 } })
    expect(kept(ByName, JSON.parse('{"by":{"__proto__":{"id":1,"client":1}}}'))).toEqual({ by: {} })
    const Fixed = z.object({ by: z.record(z.enum(['open', 'closed']), z.array(Ticket)) })
    expect(kept(Fixed, { by: { open: [mine, foreign], closed: [foreign] } })).toEqual({ by: { open: [mine], closed: [] } })
    expect(kept(z.object({ by: z.record(z.enum(['a', 'b']), Ticket) }), { by: { a: mine, b: foreign } })).toBe('foreign')
  })

  test('unions: the option zod would take decides; what fits none cannot be attributed', () => {
    const Asset = z.object({ kind: z.literal('asset'), client: customerKey(z.number()), notes: z.array(Note) })
    const Contract = z.object({ kind: z.literal('contract'), owner: customerKey(z.number()) })
    const rows = [{ kind: 'asset', client: 1, notes: [note(2), note(1)] }, { kind: 'contract', owner: 2 }, { kind: 'contract', owner: 1 }, { kind: 'other', client: 1 }, 'text', { kind: 'asset', client: 2 }]
    const expected = [{ kind: 'asset', client: 1, notes: [note(1)] }, { kind: 'contract', owner: 1 }]
    expect(narrowed(z.object({ rows: z.array(z.discriminatedUnion('kind', [Asset, Contract])) }), { rows })).toEqual({ ok: true, value: { rows: expected }, dropped: 3, keyless: 2 })
    expect(narrowed(z.object({ rows: z.array(z.union([Asset, Contract])) }), { rows })).toEqual({ ok: true, value: { rows: expected }, dropped: 3, keyless: 2 })
  })

  test('CUS-01: a record that fits one option is dropped for a foreign key in the member of another', () => {
    const A = z.object({ client: customerKey(z.number()), s: z.string() })
    const B = z.object({ owner: customerKey(z.number()), s: z.string() })
    const Announcement = z.object({ s: shared(z.string()) })
    const orders = [[A, B], [B, A], [Announcement, A, B], [A, z.union([B, Announcement])], [A.nullable(), z.lazy(() => B)]] as const
    const theirs = [{ client: 1, owner: 2 }, { client: 2, owner: 1 }, { client: '1', owner: 1 }, { client: 1, owner: {} }, { client: 1, owner: '' }]
    for (const options of orders) {
      const rows = [...theirs, { client: 1 }, { owner: 1 }, { client: 1, owner: 1 }, { client: 1, owner: null }].map((row, id) => ({ ...row, s: `row ${id}` }))
      const left = kept(z.object({ rows: z.array(z.union(options as never)) }), { rows }) as { rows: { s: string }[] }
      expect(left.rows.map(({ s }) => s)).toEqual(['row 5', 'row 6', 'row 7', 'row 8'])
    }
  })

  test('CUS-05: an option that names more cannot bring back what another one left out', () => {
    // Before narrowing only the second option parses, after it the first one would too.
    const Rich = z.object({ client: customerKey(z.number()), notes: z.array(z.object({ text: z.string() })), extra: z.number().optional() })
    const Poor = z.object({ client: customerKey(z.number()) })
    const Output = z.object({ rows: z.array(z.union([Rich, Poor])) })
    const left = kept(Output, { rows: [{ client: 1, notes: [{ text: 'foreign' }], extra: 'not a number' }] })
    expect(JSON.stringify(Output.parse(left))).not.toContain('foreign')
  })

  test('CUS-01: in a plain union a malformed record of another customer is simply foreign', () => {
    const A = z.object({ client: customerKey(z.number()), a: z.string() })
    const B = z.object({ client: customerKey(z.number()), b: z.string() })
    expect(narrowed(z.object({ rows: z.array(z.union([A, B])) }), { rows: [{ client: 2, a: 5 }, { client: 1, b: 'x' }, { client: 1, c: 1 }] })).toEqual({ ok: true, value: { rows: [{ client: 1, b: 'x' }] }, dropped: 1, keyless: 1 })
  })

  test('CUS-05: recursive schemas, by getter and by lazy, are checked at every level', () => {
    const Node = z.object({ id: z.string(), client: customerKey(z.number()), get children() { return z.array(Node) } })
    interface Tree { id: string; client: number; sub?: Tree[] | undefined }
    const Lazy: z.ZodType<Tree> = z.lazy(() => z.object({ id: z.string(), client: customerKey(z.number()), sub: z.array(Lazy).optional() }))
    const tree = { id: 'a', client: 1, children: [{ id: 'b', client: 2, children: [{ id: 'c', client: 1, children: [] }] }, { id: 'd', client: 1, children: [] }] }
    expect(kept(z.object({ root: Node }), { root: tree })).toEqual({ root: { id: 'a', client: 1, children: [{ id: 'd', client: 1, children: [] }] } })
    expect(kept(z.object({ root: Lazy }), { root: { id: 'a', client: 1, sub: [{ id: 'b', client: 2 }, { id: 'c', client: 1, sub: [{ id: 'x', client: 3 }] }] } })).toEqual({ root: { id: 'a', client: 1, sub: [{ id: 'c', client: 1, sub: [] }] } })
  })
})

describe('transforms, shared and derived', () => {
  test('comparison is on the value before a transform, and authors\' transforms see only what is left', () => {
    const seen: unknown[] = []
    const Row = z.object({ client: customerKey(z.string()).transform((text) => text.length), text: z.string() })
    const Output = z.object({ rows: z.array(Row.transform((row) => { seen.push(row.text); return row.text })) })
    expect(Output.parse(kept(Output, { rows: [{ client: 'acme', text: 'mine' }, { client: 'globex', text: 'foreign' }] }, 'acme'))).toEqual({ rows: ['mine'] })
    expect(seen).toEqual(['mine'])
  })

  test('CUS-07: derived values are computed again from what is left, never taken from the vendor', () => {
    const Output = z.object({
      page: z.object({ tickets: z.array(Ticket), total: countOf('tickets') }),
      total: countOf('page.tickets'),
      first: derived(z.number().nullable(), (rest: { page: { tickets: { id: number }[]; total: number } }) => rest.page.tickets[0]?.id ?? rest.page.total - 1),
      seen: derived(z.array(z.string()).optional(), (rest: object) => Object.keys(rest)),
    })
    const answer = { page: { tickets: [foreign, mine, foreign], total: 3 }, total: 3, first: 2, seen: ['all'] }
    expect(kept(Output, answer)).toEqual({ page: { tickets: [mine], total: 1 }, total: 1, first: 1, seen: ['page'] })
    expect(kept(Output, { page: { tickets: [foreign], total: 3 } })).toMatchObject({ page: { tickets: [], total: 0 }, total: 0, first: -1 })
  })

  test('CUS-07: a derived value that cannot be computed, or is no plain data, is left out', () => {
    const Output = z.object({
      tickets: shared(z.number()).optional(),
      thrown: derived(z.number().optional(), () => { throw new Error('boom') }),
      counted: countOf('tickets.rows'), inherited: countOf('constructor'),
      promised: derived(z.number(), () => Promise.resolve(1) as never), mutated: derived(z.number(), (rest: { tickets?: number }) => (rest.tickets = 9)),
    })
    expect(kept(Output, { tickets: 1, thrown: 5, counted: 5, inherited: 5, promised: 5, mutated: 5 })).toEqual({ tickets: 1 })
  })

  test('shared values pass, but only what their schema names', () => {
    expect(kept(z.object({ page: shared(z.object({ number: z.number() })), statuses: shared(z.array(z.string())) }), { page: { number: 1, hidden: 'x' }, statuses: ['open'] })).toEqual({ page: { number: 1 }, statuses: ['open'] })
  })

  test('a malformed answer never throws and never passes a foreign record', () => {
    const Output = z.object({ tickets: z.array(Ticket), by: z.record(z.string(), Ticket).optional(), two: z.tuple([Ticket]).optional() })
    for (const answer of [null, 1, 'x', [], { tickets: foreign }, { tickets: 'x' }, { tickets: { 0: foreign } }]) expect(kept(Output, answer)).toBe('keyless')
    expect(kept(Output, { tickets: [[foreign], null, 5], by: [foreign], two: foreign })).toEqual({ tickets: [] })
    expect(kept(Output, {})).toEqual({})
  })
})

describe('definition errors name the path', () => {
  const Loose = z.looseObject({ client: customerKey(z.number()) })
  test.each([
    ['$.total: number stands outside every record and nothing says whose it is', z.object({ tickets: z.array(Ticket), total: z.number() })],
    ['$.raw: unknown admits anything', z.object({ raw: z.unknown() })],
    ['$.rows[].raw: any admits anything', z.object({ rows: z.array(Ticket.extend({ raw: z.any() })) })],
    ['$.raw: custom admits anything', z.object({ raw: z.custom<string>() })],
    ['$.page.raw: unknown admits anything', z.object({ page: shared(z.object({ raw: z.unknown() })) })],
    ['$.*: unknown fields are let through', z.looseObject({ tickets: z.array(Ticket) })],
    ['$.rows[].*: unknown fields are let through', z.object({ rows: z.array(Loose) })],
    ['$.rows[].*: unknown fields are let through', z.object({ rows: z.array(Ticket.catchall(z.string())) })],
    ['$.rows[].*: unknown fields are let through', z.object({ rows: z.array(Ticket.and(z.looseObject({}))) })],
    ['$.by.*: unknown fields are let through', z.object({ by: z.looseRecord(z.string().regex(/^x/), Ticket) })],
    ['$.hits[]|1.note: string stands outside', z.object({ hits: z.array(z.union([Ticket, z.object({ note: z.string() })])) })],
    ['$.hits[]|1: string stands outside', z.object({ hits: z.array(z.union([Ticket, z.string()])) })],
    ['$.two[1]: string stands outside', z.object({ two: z.tuple([Ticket, z.string()]) })],
    ['$.by: its names come from the vendor', z.object({ by: z.record(z.string(), z.array(Ticket)) })],
    ['$.by{}: number stands outside', z.object({ by: z.record(z.string(), z.number()) })],
    ['$.seen: map is nothing that JSON can carry', z.object({ seen: z.map(z.string(), Ticket) })],
    ['$.at: date is nothing that JSON can carry', z.object({ at: shared(z.date()) })],
    ['$.rows: a customer key comes out of a transform', z.object({ rows: z.preprocess((value) => value, z.array(Ticket)) })],
    ['$.rows[].client: a customer key comes out of a transform', z.object({ rows: z.array(z.object({ client: z.preprocess(Number, customerKey(z.number())), id: customerKey(z.number()) })) })],
    ['$.rows: a customer key comes out of a transform', z.object({ rows: z.string().transform((text) => JSON.parse(text) as { id: number; client: number }[]).pipe(z.array(Ticket)) })],
    ['$.raw: preprocess takes anything', z.object({ raw: z.preprocess(String, z.string()) })],
    ['$.page.owner is a customer key inside shared(…)', z.object({ page: shared(z.object({ owner: customerKey(z.number()) })) })],
    ['$.rows[].client is a customer key inside shared(…)', z.object({ rows: shared(z.array(Ticket)) })],
    ['$.keys[] is a customer key inside shared(…)', z.object({ keys: shared(z.array(customerKey(z.number()))) })],
    ['$.by: its names are customer keys inside shared(…)', z.object({ by: shared(z.record(customerKey(z.string()), z.number())) })],
    ['$.totals[]: a derived value must be a member of an object', z.object({ totals: z.array(countOf('x')) })],
    ['$.id is declared on both sides of an intersection', z.object({ a: z.object({ id: z.array(z.string()) }).and(z.object({ id: z.array(z.string()) })) })],
    ['$.a: only objects can be intersected, this side is array', z.object({ a: z.array(Ticket).and(z.array(Ticket)) })],
    ['$.ok: boolean stands outside', z.object({ ok: z.boolean() })],
    ['$.kind: literal stands outside', z.object({ kind: z.literal('x') })],
  ])('CUS-07 CUS-08: %s', (sentence, schema) => {
    let message = ''
    try {
      compileNarrower(schema)
    } catch (error) {
      expect(error).toMatchObject({ name: 'Fault', code: 'connector_invalid' })
      message = (error as Error).message
    }
    expect(message).toContain(sentence.replace('$.id is declared', '$.a.id is declared'))
    expect(message).toMatch(/^[^\n]+\.$/)
  })

  test('a member named __proto__ is refused', () => {
    const shape = Object.defineProperty({ client: customerKey(z.number()) } as z.core.$ZodShape, '__proto__', { value: z.string(), enumerable: true })
    expect(() => compileNarrower(z.object(shape))).toThrow('$.__proto__ cannot be a member: rename it.')
  })
})
