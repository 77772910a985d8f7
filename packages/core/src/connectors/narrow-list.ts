import { anatomy, type Schema } from './anatomy.ts'
import { definitionFault } from './definition.ts'
import { isKey, keyTypes, markOf } from './marks.ts'
import { FOREIGN, PLAIN, gone, misshapen, node, type Compile, type Node, type Place, type Run, type Tally } from './narrow-node.ts'

/** Adds what is left of an entry. An entry that lost everything it had is not left standing empty: that would tell it was there. */
function addEntry(entries: unknown[], entry: unknown, element: Node, tally: Tally): void {
  const { kept, dropped, keyless } = tally
  const left = element.bare(entry, tally)
  if (gone(left) || left === undefined) return
  const emptied = tally.kept === kept && tally.dropped + tally.keyless > dropped + keyless
  if (!emptied) entries.push(left)
}

export function compileArray(schema: Schema, place: Place, path: string, compile: Compile): Node {
  const element = compile(anatomy(schema).element as Schema, place, `${path}[]`)
  if (element.plain) return PLAIN
  return node(
    (value, tally) => {
      if (!Array.isArray(value)) return misshapen(tally)
      const entries: unknown[] = []
      for (const entry of value as unknown[]) addEntry(entries, entry, element, tally)
      return entries
    },
    { attributed: false },
  )
}

/** Positions have meanings, so an entry that must go takes the whole tuple with it, unless it may be null or is the optional end. */
export function compileTuple(schema: Schema, place: Place, path: string, compile: Compile): Node {
  const def = anatomy(schema)
  const items = (def.items ?? []).map((item, index) => compile(item, place, `${path}[${index}]`))
  const rest = def.rest ? compile(def.rest, place, `${path}[]`) : undefined
  if (rest?.plain !== false && items.every((item) => item.plain)) return PLAIN
  return node(
    (value, tally) => {
      if (!Array.isArray(value)) return misshapen(tally)
      const before = tally.kept
      const entries: unknown[] = []
      for (const [index, item] of items.entries()) {
        if (index >= value.length) break
        let left = item.run(value[index], tally)
        if (left === undefined && index < value.length - 1) left = FOREIGN
        if (gone(left)) {
          tally.kept = before
          return left
        }
        if (left !== undefined) entries.push(left)
      }
      if (rest) for (const entry of value.slice(items.length) as unknown[]) addEntry(entries, entry, rest, tally)
      return entries
    },
    { attributed: false },
  )
}

/** Property names are always strings; a number key is compared with its one canonical spelling. */
function nameMatches(name: string, tally: Tally, numeric: boolean): boolean {
  return numeric ? typeof tally.key === 'number' && String(tally.key) === name : tally.key === name
}

/**
 * An object with names from the vendor. Names say things too ("ACME Ltd"), so outside a record they must be keys, shared, a fixed set,
 * or stand beside values that say whose they are and take their names with them.
 */
export function compileNames(schema: Schema, place: Place, path: string, compile: Compile): Node {
  const def = anatomy(schema)
  const names = def.keyType as Schema
  const byKey = isKey(names)
  if (byKey && place === 'shared') throw definitionFault(`${path}: its names are customer keys inside shared(…): mark only what no customer owns as shared.`)
  const fixed = names._zod.values !== undefined
  const value = compile(def.valueType as Schema, byKey ? 'record' : place, `${path}{}`)
  if (place === 'open' && !byKey && !fixed && markOf(names)?.kind !== 'shared' && !value.attributed) {
    const fix = 'mark them with customerKey(…) or shared(…), or let every value be a record with a key'
    throw definitionFault(`${path}: its names come from the vendor and nothing says whose they are: ${fix}.`)
  }
  if (value.plain && !byKey) return PLAIN
  const exhaustive = fixed && !def.partial
  const numeric = byKey && keyTypes(names).has('number')
  const run: Run = (source, tally) => {
    if (typeof source !== 'object' || source === null || Array.isArray(source)) return misshapen(tally)
    const before = tally.kept
    const copy: Record<string, unknown> = {}
    for (const name of Object.keys(source)) {
      if (name === '__proto__') continue
      if (byKey) {
        if (!nameMatches(name, tally, numeric)) {
          if (name === '') tally.keyless++
          else tally.dropped++
          continue
        }
        tally.kept++
      }
      const entry = (source as Record<string, unknown>)[name]
      if (entry === null && value.attributed && !exhaustive && place === 'open') {
        tally.keyless++ // a name without a record: nothing says whose name it is
        continue
      }
      const left = exhaustive ? value.run(entry, tally) : value.bare(entry, tally)
      if (exhaustive && gone(left)) {
        tally.kept = before
        return left
      }
      if (!gone(left) && left !== undefined) copy[name] = left
    }
    return copy
  }
  return node(run, { attributed: false })
}
