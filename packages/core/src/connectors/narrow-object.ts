import { plainCopy } from '../json/plain.ts'
import { anatomy, members, type Schema } from './anatomy.ts'
import { definitionFault } from './definition.ts'
import { isKey, markOf, type Mark } from './marks.ts'
import { FOREIGN, KEYLESS, gone, isUsableKey, misshapen, node, type Compile, type Node, type Place, type Run, type Tally } from './narrow-node.ts'

/** What a derived value may be. It comes from an author's function and is released after the output schema has parsed it. */
const DERIVED_LIMITS = { bytes: 1_048_576, depth: 64 }

type Derived = Extract<Mark, { kind: 'derived' }>

/** The derived mark of a member, underneath the wrappers that change nothing about where the value comes from. */
export function derivedOf(schema: Schema): Derived | undefined {
  const mark = markOf(schema)
  if (mark) return mark.kind === 'derived' ? mark : undefined
  const { innerType } = anatomy(schema)
  return innerType && anatomy(schema).type !== 'lazy' ? derivedOf(innerType) : undefined
}

/** Of the key members that are there, all must be the customer's; if none is there, the record belongs to nobody we know. */
function judge(record: object, keys: readonly string[], tally: Tally): typeof FOREIGN | typeof KEYLESS | undefined {
  let mine = false
  let unusable = false
  for (const name of keys) {
    const value: unknown = Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : undefined
    if (value === tally.key) mine = true
    else if (value === undefined || value === null) continue
    else if (isUsableKey(value)) {
      tally.dropped++
      return FOREIGN
    } else unusable = true
  }
  if (mine && !unusable) {
    tally.kept++
    return undefined
  }
  tally.keyless++
  return KEYLESS
}

/** Works out a derived member. One that cannot be worked out is left out, and the output schema then decides what that means. */
function derive(mark: Derived, rest: object): unknown {
  try {
    const copy = plainCopy(mark.from(Object.freeze({ ...rest }) as never), DERIVED_LIMITS)
    return copy.ok ? copy.value : undefined
  } catch {
    return undefined
  }
}

/**
 * An object or an intersection of objects. With a direct key it is a record: judged first, then copied member by member.
 * Members that the schema does not name are never copied: another option of a union might know them.
 */
export function compileObject(schema: Schema, place: Place, path: string, target: Node, compile: Compile): Node {
  const named = members(schema, path)
  const keys = [...named].filter(([, member]) => isKey(member)).map(([name]) => name)
  if (keys.length > 0 && place === 'shared') {
    throw definitionFault(`${path}.${keys[0]} is a customer key inside shared(…): mark only what no customer owns as shared.`)
  }
  const inside: Place = keys.length > 0 ? 'record' : place
  // Before the members: a recursive schema asks for both while they are compiled.
  target.attributed = keys.length > 0
  target.keys = keys
  const copied: { name: string; run: Run | undefined }[] = []
  const computed: { name: string; mark: Derived }[] = []
  for (const [name, member] of named) {
    const mark = derivedOf(member)
    if (mark) computed.push({ name, mark })
    else if (keys.includes(name)) copied.push({ name, run: undefined })
    else {
      const inner = compile(member, inside, `${path}.${name}`)
      copied.push({ name, run: inner.plain ? undefined : inner.run })
    }
  }
  const run: Run = (value, tally) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return misshapen(tally)
    const before = tally.kept
    if (keys.length > 0) {
      const verdict = judge(value, keys, tally)
      if (verdict) return verdict
    }
    const copy: Record<string, unknown> = {}
    for (const { name, run: narrow } of copied) {
      if (!Object.hasOwn(value, name)) continue
      const member = (value as Record<string, unknown>)[name]
      if (!narrow) {
        copy[name] = member
        continue
      }
      const left = narrow(member, tally)
      if (gone(left)) {
        tally.kept = before
        return left
      }
      if (left !== undefined) copy[name] = left
    }
    if (computed.length > 0) {
      const values = computed.map(({ name, mark }) => [name, derive(mark, copy)] as const)
      for (const [name, result] of values) if (result !== undefined) copy[name] = result
    }
    return copy
  }
  return node(run, { attributed: keys.length > 0, keys })
}
