import { z } from 'zod'
import { anatomy, isNothing, selector, type Schema } from './anatomy.ts'
import { FOREIGN, PLAIN, gone, isUsableKey, misshapen, type Compile, type Node, type Place, type Run, type Tally } from './narrow-node.ts'

interface Option {
  readonly schema: Schema
  readonly node: Node
  /** Members that must be one of a few constants: they rule an option out at a fraction of what parsing it costs. */
  readonly constants: readonly (readonly [name: string, values: ReadonlySet<unknown>])[]
}

function constantsOf(schema: Schema): Option['constants'] {
  const shape = Object.entries(anatomy(schema).shape ?? {})
  return shape.flatMap(([name, member]) => (anatomy(member).type === 'literal' ? [[name, new Set(anatomy(member).values)] as const] : []))
}

function ruledOut(option: Option, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return option.constants.some(([name, values]) => !values.has(Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined))
}

/** An option that runs code which throws, or that needs to wait, does not fit. */
function fits(schema: Schema, value: unknown): boolean {
  try {
    return z.core.safeParse(schema, value).success
  } catch {
    return false
  }
}

function byDiscriminator(options: readonly Option[], name: string, select: ReadonlyMap<unknown, number>): Run {
  return (value, tally) => {
    if (typeof value !== 'object' || value === null) return misshapen(tally)
    const tag: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
    const index = select.get(tag)
    const chosen = index === undefined ? undefined : options[index]
    return chosen ? chosen.node.bare(value, tally) : misshapen(tally)
  }
}

const keysOf = (options: readonly Option[]): readonly string[] => [...new Set(options.flatMap((option) => option.node.keys ?? []))]

/** Whether a member in which any option has its key names somebody else. Null says nothing about anybody. */
function strange(value: unknown, keys: readonly string[], tally: Tally): ReturnType<typeof misshapen> | typeof FOREIGN | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const owners = keys.map((key) => (Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined)).filter((owner) => owner !== undefined && owner !== null && owner !== tally.key)
  if (owners.length === 0) return undefined
  if (!owners.some(isUsableKey)) return misshapen(tally)
  tally.dropped++
  return FOREIGN
}

/**
 * The first option that parses is the one zod would take. A record that fits one option may still be another's, so the keys of all
 * options are compared before, which also spares parsing what is foreign.
 */
function byTrial(options: readonly Option[]): Run {
  const keys = keysOf(options)
  return (value, tally) => {
    const verdict = strange(value, keys, tally)
    if (verdict !== undefined) return verdict
    const chosen = options.find((option) => !ruledOut(option, value) && fits(option.schema, value))
    return chosen ? chosen.node.bare(value, tally) : misshapen(tally)
  }
}

/** A null or absent option belongs to nobody; a record that must go is replaced by it where the union allows it. */
export function compileUnion(schema: Schema, place: Place, path: string, compile: Compile): Node {
  const def = anatomy(schema)
  const select = selector(schema, path)
  const compiled = (def.options ?? []).map((option, index) => {
    const nothing = isNothing(option)
    return { schema: option, node: nothing ? PLAIN : compile(option, place, `${path}|${index}`), constants: constantsOf(option), nothing }
  })
  const options = compiled.filter((option) => !option.nothing)
  if (options.every((option) => option.node.plain)) return PLAIN
  const nullable = fits(schema, null)
  const omittable = schema._zod.optin !== undefined
  const pick = select && def.discriminator !== undefined ? byDiscriminator(compiled, def.discriminator, select) : byTrial(options)
  const bare: Run = (value, tally) => ((value === null && nullable) || (value === undefined && omittable) ? value : pick(value, tally))
  const run: Run = (value, tally) => {
    const left = bare(value, tally)
    if (!gone(left)) return left
    if (omittable) return undefined
    return nullable ? null : left
  }
  return { run, bare, plain: false, attributed: options.every((option) => option.node.attributed), keys: keysOf(options) }
}
