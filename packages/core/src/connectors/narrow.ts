import type { z } from 'zod'
import { NOT_JSON, anatomy, isNothing, isOpen, some, type Schema } from './anatomy.ts'
import type { CustomerKey, Narrowed } from './connector.ts'
import { definitionFault } from './definition.ts'
import { isKey, markOf } from './marks.ts'
import { compileArray, compileNames, compileTuple } from './narrow-list.ts'
import { FOREIGN, KEYLESS, PLAIN, bareKey, gone, isUsableKey, node, type Compile, type Node, type Place, type Tally } from './narrow-node.ts'
import { compileObject, derivedOf } from './narrow-object.ts'
import { compileUnion } from './narrow-union.ts'

/** Schemas that admit anything, so that nobody can say what is in them. */
const UNSEEN = new Set(['any', 'unknown', 'custom', 'transform'])

const MARKS_MISSING = 'mark it with customerKey(…), shared(…) or derived(…), or put it inside an object that has a customer key'

/** What is taken away is left out: by an optional member, or by one whose absence the schema fills with a constant. */
function omittable(inner: Node): Node {
  if (inner.plain) return inner
  return {
    ...inner,
    run: (value, tally) => {
      if (value === undefined) return undefined
      const left = inner.bare(value, tally)
      return gone(left) ? undefined : left
    },
    bare: (value, tally) => (value === undefined ? undefined : inner.bare(value, tally)),
  }
}

/** A null of the vendor's says nothing about anybody. What is taken away looks the same. */
function nullable(inner: Node): Node {
  if (inner.plain) return inner
  return {
    ...inner,
    run: (value, tally) => {
      if (value === null) return null
      const left = inner.bare(value, tally)
      return gone(left) ? null : left
    },
    bare: (value, tally) => (value === null ? null : inner.bare(value, tally)),
  }
}

/** Narrowing happens before every transform, so keys must be in what goes into it. */
function compilePipe(schema: Schema, place: Place, path: string, compile: Compile): Node {
  const { in: input, out } = anatomy(schema) as { in: Schema; out: Schema }
  const keyed = (side: Schema): boolean => some(side, isKey)
  if (keyed(out) && !keyed(input)) {
    const fix = 'put the key into what goes in, keys are compared before any transform runs'
    throw definitionFault(`${path}: a customer key comes out of a transform: ${fix}.`)
  }
  if (anatomy(input).type !== 'transform') return compile(input, place, path)
  if (place === 'open') throw definitionFault(`${path}: preprocess takes anything: ${MARKS_MISSING}.`)
  return PLAIN
}

function compileLeaf(type: string, place: Place, path: string, nothing: boolean): Node {
  if (place === 'open' && !nothing) throw definitionFault(`${path}: ${type} stands outside every record and nothing says whose it is: ${MARKS_MISSING}.`)
  return PLAIN
}

function compileType(schema: Schema, place: Place, path: string, target: Node, compile: Compile): Node {
  const def = anatomy(schema)
  const inner = def.innerType as Schema
  if (UNSEEN.has(def.type)) throw definitionFault(`${path}: ${def.type} admits anything, so nobody can say whose it is: declare its shape.`)
  if (NOT_JSON.has(def.type)) throw definitionFault(`${path}: ${def.type} is nothing that JSON can carry: declare what the vendor's JSON has there.`)
  if (isOpen(def)) {
    throw definitionFault(`${path}.*: unknown fields are let through: name every field, or use z.object, which leaves out what it does not name.`)
  }
  switch (def.type) {
    case 'object':
    case 'intersection': return compileObject(schema, place, path, target, compile)
    case 'array': return compileArray(schema, place, path, compile)
    case 'tuple': return compileTuple(schema, place, path, compile)
    case 'record': return compileNames(schema, place, path, compile)
    case 'union': return compileUnion(schema, place, path, compile)
    case 'pipe': return compilePipe(schema, place, path, compile)
    case 'optional':
    case 'default':
    case 'prefault':
    case 'catch': return omittable(compile(inner, place, path))
    case 'nullable': return nullable(compile(inner, place, path))
    case 'readonly':
    case 'lazy': return compile(inner, place, path)
    case 'nonoptional': {
      const kept = compile(inner, place, path)
      return { ...kept, run: kept.bare }
    }
    default: return compileLeaf(def.type, place, path, isNothing(schema))
  }
}

/** A compiler with its own memory: recursive schemas get the node that is still being made, and each schema is compiled once a place. */
function compiler(): Compile {
  const made: Record<Place, Map<Schema, Node>> = { open: new Map(), record: new Map(), shared: new Map() }
  const compile: Compile = (schema, place, path) => {
    const known = made[place].get(schema)
    if (known) return known
    const mark = markOf(schema)
    if (mark?.kind === 'shared' && place !== 'shared') return compile(schema, 'shared', path)
    if (mark?.kind === 'key') {
      if (place === 'shared') throw definitionFault(`${path} is a customer key inside shared(…): mark only what no customer owns as shared.`)
      return node(bareKey, { attributed: true })
    }
    if (derivedOf(schema)) throw definitionFault(`${path}: a derived value must be a member of an object.`)
    const target = node((value, tally) => finished.run(value, tally), { attributed: false })
    target.bare = (value, tally) => finished.bare(value, tally)
    made[place].set(schema, target)
    const finished = compileType(schema, place, path, target, compile)
    made[place].set(schema, finished)
    return finished
  }
  return compile
}

/**
 * Compiles an output schema once into the function that leaves only one customer's records in an answer. Closed-world: whatever is
 * neither inside a record, nor a key, nor `shared`, nor `derived` is refused here.
 *
 * The function takes plain JSON (the value of `plainCopy`), before the output schema parses it, and never throws. Records of others and
 * records without a usable key go whole, with whatever cannot exist without them: an optional member becomes absent, a nullable one
 * null, a list entry disappears, also one that held nothing but such records; when nothing above can do without, the answer is
 * `{ ok: false }`. `dropped` counts foreign records and keys, `keyless` those that cannot be attributed. Derived members are computed
 * from what is left.
 * @throws Fault `connector_invalid`, with one sentence that names the path.
 */
export function compileNarrower(output: z.core.$ZodType): (answer: unknown, key: CustomerKey) => Narrowed {
  const root = compiler()(output, 'open', '$')
  return (answer, key) => {
    if (!isUsableKey(key)) return { ok: false, reason: 'keyless' }
    const tally: Tally = { key, kept: 0, dropped: 0, keyless: 0 }
    const value = root.run(answer, tally)
    if (value === FOREIGN) return { ok: false, reason: 'foreign' }
    if (value === KEYLESS || value === undefined) return { ok: false, reason: 'keyless' }
    return { ok: true, value, dropped: tally.dropped, keyless: tally.keyless }
  }
}
