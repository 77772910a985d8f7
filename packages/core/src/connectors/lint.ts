import { z } from 'zod'
import { NOT_JSON, anatomy, parts, type Schema } from './anatomy.ts'
import { definitionFault } from './definition.ts'
import { patternCost } from './pattern.ts'

/** A schema with more parts than this is refused: parsing and advertising it would cost every caller. */
const MOST_SCHEMAS = 10_000
/** A pattern that is not linear must have its text cut off at this length or below, before it runs. */
const MOST_PATTERN_TEXT = 1_000

/** zod's own formats are trusted; some of them are custom formats with a pattern of zod's. */
const OWN_PATTERNS: ReadonlySet<unknown> = new Set(Object.values(z.core.regexes))

interface CheckDef {
  readonly check: string
  readonly format?: string
  readonly pattern?: RegExp
  readonly maximum?: number
  readonly length?: number
  readonly abort?: boolean
}

const checkDef = (check: { readonly _zod: { readonly def: unknown } }): CheckDef => check._zod.def as CheckDef

function lintPattern(pattern: RegExp, bounded: boolean, path: string): void {
  const cost = patternCost(pattern)
  if (cost === 'exponential') {
    const why = 'repeats something that varies and may never end on a hostile text'
    throw definitionFault(`${path}: ${String(pattern)} ${why}: use a zod format, or .refine() with a plain function.`)
  }
  if (cost === 'polynomial' && !bounded) {
    const limit = `.max(${MOST_PATTERN_TEXT}, { abort: true })`
    throw definitionFault(`${path}: ${String(pattern)} is slow on long texts: put ${limit} or less before it, or anchor it with ^.`)
  }
}

/** zod goes on to the next check after a failed one, unless that one says `abort`: a length limit without it stops nothing. */
function lintChecks(schema: Schema, path: string): void {
  const own = schema._zod.traits.has('$ZodCustomStringFormat') ? checkDef(schema as never).pattern : undefined
  if (own && !OWN_PATTERNS.has(own)) lintPattern(own, false, path)
  let bounded = false
  for (const check of anatomy(schema).checks ?? []) {
    const def = checkDef(check)
    const limit = def.check === 'max_length' ? def.maximum : def.check === 'length_equals' ? def.length : undefined
    if (limit !== undefined && limit <= MOST_PATTERN_TEXT && def.abort) bounded = true
    if (def.check === 'string_format' && def.format === 'regex' && def.pattern) lintPattern(def.pattern, bounded, path)
  }
}

/**
 * Refuses schemas that would cost too much or that JSON cannot meet: more than 10,000 parts, patterns that a hostile text can stall,
 * values that are not JSON (in an input also behind a transform: what is parsed there is frozen and digested as JSON).
 * zod's own formats are trusted.
 * @throws Fault `connector_invalid`, with one sentence that names the path.
 */
export function lintSchema(root: Schema, side: 'input' | 'output', at: string): void {
  const seen = new Set<Schema>([root])
  const waiting = [{ schema: root, path: at, transformed: false }]
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { schema, path, transformed } = next
    const def = anatomy(schema)
    if (seen.size > MOST_SCHEMAS) throw definitionFault(`${at} has more than ${MOST_SCHEMAS} parts: split the tool.`)
    if (NOT_JSON.has(def.type) && !(transformed && side === 'output')) {
      throw definitionFault(`${path}: ${def.type} is nothing that JSON can carry: declare what the JSON has there.`)
    }
    lintChecks(schema, path)
    for (const part of parts(schema)) {
      if (seen.has(part.schema)) continue
      seen.add(part.schema)
      const behind = part.schema === def.out && def.in !== undefined && anatomy(def.in).type !== 'transform'
      waiting.push({ schema: part.schema, path: path + part.at, transformed: transformed || behind })
    }
  }
}
