import { z } from 'zod'
import { anatomy, isNothing, type Schema } from './anatomy.ts'
import { definitionFault } from './definition.ts'

/** What an author says about a schema that its type cannot say. */
export type Mark =
  | { readonly kind: 'key' }
  | { readonly kind: 'shared' }
  | { readonly kind: 'derived'; readonly from: (rest: never) => unknown }
  | { readonly kind: 'record'; readonly record: string }

const PLACE = Symbol.for('portcullis.marks')

/** One registry for every copy of this package in the process: a mark set through one copy must never be invisible to another. */
const marks: z.core.$ZodRegistry<Mark> = (() => {
  const shelf = globalThis as { [PLACE]?: z.core.$ZodRegistry<Mark> }
  if (!shelf[PLACE]) Object.defineProperty(shelf, PLACE, { value: z.registry<Mark>() })
  return shelf[PLACE] as z.core.$ZodRegistry<Mark>
})()

/** The mark of this schema or of the schema it was refined from. `.has()` would lose it on every refinement. */
export function markOf(schema: Schema): Mark | undefined {
  return marks.get(schema)
}

/** Marks a clone: a schema that is used in several places must not become a key in all of them. */
function marked<S extends Schema>(schema: S, mark: Mark): S {
  const before = markOf(schema)
  if (before && before.kind !== mark.kind) throw definitionFault(`A schema marked as ${before.kind} cannot be marked as ${mark.kind} too.`)
  const clone = z.core.clone(schema)
  marks.add(clone, mark)
  return clone
}

/** What a schema is underneath optional, nullable, default, readonly, lazy and the input side of a pipe; several for a union. */
function cores(schema: Schema, seen: ReadonlySet<Schema> = new Set()): readonly Schema[] {
  const def = anatomy(schema)
  const inner = def.innerType ?? def.in
  if (seen.has(schema)) return []
  const deeper = new Set(seen).add(schema)
  if (inner) return cores(inner, deeper)
  return def.options ? def.options.flatMap((option) => cores(option, deeper)) : [schema]
}

/** The JSON types that a key's schema admits before any transform: `string`, `number`, or the name of what it is instead. */
export function keyTypes(schema: Schema): ReadonlySet<string> {
  const types = cores(schema).flatMap((core) => {
    const def = anatomy(core)
    if (isNothing(core)) return []
    if (def.type === 'template_literal') return ['string']
    const values = def.values ?? (def.entries ? Object.values(def.entries) : undefined)
    return values ? values.map((value) => typeof value) : [def.type]
  })
  return new Set(types)
}

function mustBeKey(schema: Schema, what: string): void {
  const wrong = [...keyTypes(schema)].find((type) => type !== 'string' && type !== 'number')
  if (wrong !== undefined) throw definitionFault(`${what} must be a string or a number, not ${wrong}.`)
}

/**
 * Marks the field that says whose record this is: the vendor's key of a customer. Works on a clone and survives refinement.
 * In an output, the object around it is kept or dropped whole; in an input, the field is filled in and never advertised.
 */
export function customerKey<S extends z.ZodType>(schema: S): S {
  mustBeKey(schema, 'A customer key')
  return marked(schema, { kind: 'key' })
}

/** Says that a part of an answer is the same for every customer and may be shown to all of them. */
export function shared<S extends z.ZodType>(schema: S): S {
  return marked(schema, { kind: 'shared' })
}

/**
 * A member that is computed again after narrowing, from what is left of the object around it. The vendor's own value is never shown.
 * `from` gets that object without its derived members, as the vendor sent it: not parsed yet. If it throws, the member is left out.
 */
export function derived<S extends z.ZodType, Rest>(schema: S, from: (rest: Rest) => z.input<S>): S {
  return marked(schema, { kind: 'derived', from })
}

/** How many entries of a sibling list are left after narrowing. `path` is dotted and starts at the object around it. */
export function countOf(path: string): z.ZodNumber {
  const names = path.split('.')
  return derived(z.int().min(0), (rest: unknown): number => {
    let found = rest
    for (const name of names) {
      const has = typeof found === 'object' && found !== null && Object.hasOwn(found, name)
      found = has ? (found as Record<string, unknown>)[name] : undefined
    }
    if (!Array.isArray(found)) throw new TypeError(`${path} is not a list`)
    return found.length
  })
}

/** Marks an input that names a record of the vendor, whose owner is asked before a write. */
export function recordId<S extends z.ZodType>(schema: S, record: string): S {
  mustBeKey(schema, `The id of the record ${record}`)
  return marked(schema, { kind: 'record', record })
}

/** Whether a member holds a customer key itself: marked, or marked underneath wrappers, or a union of keys and nothing. */
export function isKey(schema: Schema, seen: ReadonlySet<Schema> = new Set()): boolean {
  if (markOf(schema)?.kind === 'key') return true
  if (seen.has(schema)) return false
  const deeper = new Set(seen).add(schema)
  const def = anatomy(schema)
  const inner = def.innerType ?? def.in
  if (inner) return isKey(inner, deeper)
  const options = def.options?.filter((option) => !isNothing(option)) ?? []
  return options.length > 0 && options.every((option) => isKey(option, deeper))
}
