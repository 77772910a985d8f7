import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { z } from 'zod'
import { verifies } from '../../../../test-support/verifies.ts'
import { countOf, customerKey, shared } from '../../src/connectors/marks.ts'
import { compileNarrower } from '../../src/connectors/narrow.ts'
import { plainCopy } from '../../src/json/plain.ts'

const ME = 1
const OWNERS = [ME, ME, ME, 2, 3]
const NO_OWNERS = ['1', '', null, true, [ME], { id: ME }]

/** A value made for a schema. `mine` are the texts that must survive if this value does; `gone` says that it may not. */
interface Made {
  readonly value: unknown
  readonly mine: readonly string[]
  readonly gone: boolean
}

/** A schema and how to make answers for it. `clean` answers satisfy the schema, as they must below a plain union. */
interface Shape {
  readonly schema: z.ZodType
  readonly make: (clean: boolean) => Made
}

/** Draws schemas from marked records, and answers of several customers for them; every text in an answer occurs once. */
class World {
  readonly foreign: string[] = []
  #texts = 0
  readonly #draw: fc.GeneratorValue

  constructor(draw: fc.GeneratorValue) {
    this.#draw = draw
  }

  #pick<T>(options: readonly T[]): T {
    return options[this.#draw(fc.nat, { max: options.length - 1 })] as T
  }

  #chance(oneIn: number): boolean {
    return this.#pick(Array.from({ length: oneIn }, (_, index) => index)) === 1
  }

  #text(isMine: boolean): string {
    const text = `<${isMine ? 'mine' : 'foreign'}-${this.#texts++}>`
    if (!isMine) this.foreign.push(text)
    return text
  }

  /** A record: a key, texts of its own, nested things, and fields that the schema does not name. */
  record(depth: number, kind?: string): Shape {
    const nested = depth > 0 && !this.#chance(3) ? this.member(depth - 1) : undefined
    const key = this.#pick<(schema: z.ZodType) => z.ZodType>([(s) => s, (s) => s.nullable(), (s) => s.describe('x'), (s) => s.readonly()])(customerKey(z.number()))
    const schema = z.object({ ...(kind && { kind: z.literal(kind) }), client: key, text: z.string(), tags: z.array(z.string()), ...(nested && { nested: nested.schema }) })
    const make = (clean: boolean): Made => {
      if (!clean && this.#chance(12)) return { value: this.#pick([this.#text(false), [this.#text(false)], 7]), mine: [], gone: true }
      const owner: unknown = clean || !this.#chance(6) ? this.#pick(OWNERS) : this.#pick(NO_OWNERS)
      const own = owner === ME
      const texts = [this.#text(own), this.#text(own)]
      const inside = nested?.make(clean)
      const value = {
        ...(kind && { kind }), client: owner, text: texts[0], tags: [texts[1]],
        ...(inside && inside.value !== undefined && { nested: inside.value }), ...(this.#chance(3) && { unnamed: { text: this.#text(false) } }),
      }
      const gone = !own || inside?.gone === true
      return { value, mine: gone ? [] : [...texts, ...(inside?.mine ?? [])].filter((text) => text !== undefined), gone }
    }
    return { schema, make }
  }

  /** Something with a single place in an object: required, optional, nullable or both. */
  member(depth: number): Shape {
    const inner = this.any(depth)
    const form = this.#pick(['required', 'optional', 'nullable', 'nullish'] as const)
    if (form === 'required') return inner
    return {
      schema: form === 'optional' ? inner.schema.optional() : form === 'nullable' ? inner.schema.nullable() : inner.schema.nullish(),
      make: (clean) => {
        if (this.#chance(8)) return { value: form === 'optional' ? undefined : null, mine: [], gone: false }
        const made = inner.make(clean)
        return { value: made.value, mine: made.mine, gone: false }
      },
    }
  }

  list(depth: number): Shape {
    const entry = this.any(depth)
    const make = (clean: boolean): Made => {
      const made = Array.from({ length: this.#pick([0, 1, 2, 3]) }, () => entry.make(clean))
      return { value: made.map(({ value }) => value), mine: made.flatMap(({ mine }) => mine), gone: false }
    }
    return { schema: z.array(entry.schema), make }
  }

  /** An object without a key: its members, something shared, and a total of the vendor's that counts everybody. */
  container(depth: number): Shape {
    const rows = this.list(depth)
    const other = this.member(depth)
    const schema = z.object({ rows: rows.schema, total: countOf('rows'), other: other.schema, page: shared(z.number()) })
    const make = (clean: boolean): Made => {
      const [a, b] = [rows.make(clean), other.make(clean)]
      return { value: { rows: a.value, total: 99, ...(b.value !== undefined && { other: b.value }), page: 7, note: this.#text(false) }, mine: b.gone ? [] : [...a.mine, ...b.mine], gone: b.gone }
    }
    return { schema, make }
  }

  names(depth: number): Shape {
    const entry = this.record(depth)
    const make = (clean: boolean): Made => {
      const made = Array.from({ length: this.#pick([0, 1, 2]) }, () => {
        const inside = entry.make(clean)
        return { ...inside, name: this.#text(!inside.gone) }
      })
      return { value: Object.fromEntries(made.map(({ name, value }) => [name, value])), mine: made.flatMap(({ name, mine, gone }) => (gone ? [] : [name, ...mine])), gone: false }
    }
    return { schema: z.record(z.string(), entry.schema), make }
  }

  tuple(depth: number): Shape {
    const parts = [this.record(depth), this.record(depth)] as const
    const make = (clean: boolean): Made => {
      const made = parts.map((part) => part.make(clean))
      const gone = made.some((part) => part.gone)
      return { value: made.map(({ value }) => value), mine: gone ? [] : made.flatMap(({ mine }) => mine), gone }
    }
    return { schema: z.tuple([parts[0].schema, parts[1].schema]), make }
  }

  union(depth: number): Shape {
    const options = [this.record(depth, 'a'), this.record(depth, 'b')] as const
    const tagged = this.#chance(2)
    const schemas = [options[0].schema, options[1].schema] as [z.ZodObject, z.ZodObject]
    return { schema: tagged ? z.discriminatedUnion('kind', schemas) : z.union(schemas), make: (clean) => this.#pick(options).make(clean || !tagged) }
  }

  any(depth: number): Shape {
    if (depth <= 0) return this.record(0)
    const kind = this.#pick(['record', 'list', 'container', 'names', 'tuple', 'union', 'lazy', 'transformed'] as const)
    if (kind === 'lazy' || kind === 'transformed') {
      const inner = this.record(depth - 1)
      return { schema: kind === 'lazy' ? z.lazy(() => inner.schema) : inner.schema.transform((value) => value), make: inner.make }
    }
    return this[kind](depth - 1)
  }
}

/** Wherever a count stands beside its list, it says what is left. */
function countsHold(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  const { rows, total } = value as { rows?: unknown; total?: unknown }
  return (!('total' in value) || (Array.isArray(rows) ? total === rows.length : total === undefined)) && Object.values(value).every(countsHold)
}

describe('narrowing random answers for random schemas', () => {
  verifies('IS-03', 'CUS-01 CUS-05 CUS-07 CUS-08: nothing of another customer survives, and everything of mine does', () => {
    let cases = 0
    let released = 0
    let survivors = 0
    let dropped = 0
    fc.assert(
      fc.property(fc.gen(), (draw) => {
        const world = new World(draw)
        const shape = world.container(3)
        const narrow = compileNarrower(shape.schema)
        const { value, mine, gone } = shape.make(false)
        const snapshot = plainCopy(value, { bytes: 1e7, depth: 64 })
        if (!snapshot.ok) throw new Error(snapshot.code)
        const result = narrow(snapshot.value, ME)
        cases++
        expect(result.ok).toBe(!gone)
        if (!result.ok) return
        const text = JSON.stringify(result.value)
        expect(world.foreign.filter((canary) => text.includes(canary))).toEqual([])
        expect(mine.filter((canary) => !text.includes(canary))).toEqual([])
        expect(countsHold(result.value)).toBe(true)
        const parsed = shape.schema.safeParse(result.value)
        if (parsed.success) {
          released++
          expect(world.foreign.filter((canary) => JSON.stringify(parsed.data).includes(canary))).toEqual([])
        }
        survivors += mine.length
        dropped += result.dropped + result.keyless
        // Narrowing is idempotent: what is left is all mine.
        expect(narrow(result.value, ME)).toEqual({ ok: true, value: result.value, dropped: 0, keyless: 0 })
      }),
      { numRuns: 1500 },
    )
    expect(survivors).toBeGreaterThan(1000)
    expect(dropped).toBeGreaterThan(1000)
    expect(released).toBeGreaterThan(200)
    return { cases }
  })

  verifies('IS-03', 'CUS-03: a customer nobody knows gets nothing, whatever the spelling of its key', () => {
    let cases = 0
    fc.assert(
      fc.property(fc.gen(), fc.oneof(fc.constantFrom('1', '2', '01', ' 1', '１', 4, -1, 1.5), fc.string({ unit: 'binary', minLength: 1 })), (draw, key) => {
        const world = new World(draw)
        const shape = world.container(2)
        const { value, mine } = shape.make(true)
        const result = compileNarrower(shape.schema)(value, key)
        cases++
        if (!result.ok) return
        const text = JSON.stringify(result.value)
        expect([...world.foreign, ...mine].filter((canary) => text.includes(canary))).toEqual([])
      }),
      { numRuns: 300 },
    )
    return { cases }
  })
})
