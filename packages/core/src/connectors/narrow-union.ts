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

/** Whether a record is surely another customer's, by the one member in which every option keeps its key. */
function surelyForeign(value: unknown, key: string, tally: Tally): boolean {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false
  const owner = (value as Record<string, unknown>)[key]
  return owner !== tally.key && isUsableKey(owner)
}

/** The first option that parses is the one zod would take. Foreign records are told apart before, without parsing them. */
function byTrial(options: readonly Option[]): Run {
  const keys = new Set(options.map((option) => option.node.key))
  const [key] = keys.size === 1 ? keys : []
  return (value, tally) => {
    if (key !== undefined && surelyForeign(value, key, tally)) {
      tally.dropped++
      return FOREIGN
    }
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
  return { run, bare, plain: false, attributed: options.every((option) => option.node.attributed) }
}
