import { anatomy, members, selector, some, type Schema } from './anatomy.ts'
import type { CustomerKey, Filled } from './connector.ts'
import { definitionFault } from './definition.ts'
import { isKey } from './marks.ts'

/** The caller supplied a marked field. Its path grows on the way up: one schema may stand in many places. */
class Supplied {
  readonly field: string

  constructor(field: string) {
    this.field = field
  }

  below(step: string): Supplied {
    return new Supplied(step + this.field)
  }
}

type Fill = (value: unknown, key: CustomerKey | undefined) => unknown

const keyed = (schema: Schema): boolean => some(schema, isKey)

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A copy with some members replaced; the order and all other members stay, a `__proto__` of the caller's stays data. */
function withMembers(source: object, changed: ReadonlyMap<string, unknown>): object {
  const copy = { ...source }
  for (const [name, value] of changed) Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true })
  return copy
}

function fillObject(schema: Schema, path: string, compile: (schema: Schema, path: string) => Fill): Fill {
  const named = [...members(schema, path)]
  const marks = named.filter(([, member]) => isKey(member)).map(([name]) => name)
  const caught = named.find(([, member]) => isKey(member) && some(member, (part) => anatomy(part).type === 'catch'))
  if (caught) throw definitionFault(`${path}.${caught[0]}: .catch() would put another key in place of the customer's: remove it.`)
  const nested = named
    .filter(([, member]) => !isKey(member) && keyed(member))
    .map(([name, member]) => ({ name, fill: compile(member, `${path}.${name}`) }))
  return (value, key) => {
    if (!isPlainObject(value)) return value
    const changed = new Map<string, unknown>()
    for (const name of marks) {
      if (Object.hasOwn(value, name)) return new Supplied(`.${name}`)
      if (key !== undefined) changed.set(name, key)
    }
    for (const { name, fill } of nested) {
      if (!Object.hasOwn(value, name)) continue
      const filled = fill(value[name], key)
      if (filled instanceof Supplied) return filled.below(`.${name}`)
      changed.set(name, filled)
    }
    return withMembers(value, changed)
  }
}

function fillArray(element: Fill): Fill {
  return (value, key) => {
    if (!Array.isArray(value)) return value
    const filled = value.map((entry: unknown) => element(entry, key))
    return filled.find((entry) => entry instanceof Supplied)?.below('[]') ?? filled
  }
}

/** An option is chosen by its discriminator; what selects none is left as it is, and the schema refuses it. */
function fillUnion(schema: Schema, path: string, compile: (schema: Schema, path: string) => Fill): Fill {
  const { discriminator, options = [] } = anatomy(schema)
  const select = selector(schema, path)
  if (!select || discriminator === undefined) {
    throw definitionFault(`${path}: a customer key in a union needs z.discriminatedUnion, so that it is known where to fill it in.`)
  }
  const fills = options.map((option, index) => (keyed(option) ? compile(option, `${path}|${index}`) : undefined))
  return (value, key) => {
    if (!isPlainObject(value)) return value
    const index = select.get(Object.hasOwn(value, discriminator) ? value[discriminator] : undefined)
    return index === undefined ? value : (fills[index]?.(value, key) ?? value)
  }
}

function compileType(schema: Schema, path: string, compile: (schema: Schema, path: string) => Fill): Fill {
  const def = anatomy(schema)
  switch (def.type) {
    case 'object':
    case 'intersection':
      if (def.catchall && keyed(def.catchall)) break
      return fillObject(schema, path, compile)
    case 'array':
      if (isKey(def.element as Schema)) break
      return fillArray(compile(def.element as Schema, `${path}[]`))
    case 'union': return fillUnion(schema, path, compile)
    case 'pipe':
      if (!keyed(def.in as Schema)) break
      return compile(def.in as Schema, path)
    case 'optional':
    case 'nullable':
    case 'nonoptional':
    case 'readonly':
    case 'lazy': return compile(def.innerType as Schema, path)
  }
  const places = 'make it a direct member of an object, not below default, catch, preprocess, a tuple or names'
  throw definitionFault(`${path}: a customer key inside ${def.type} cannot be filled in: ${places}.`)
}

/**
 * Compiles an input schema into the function that writes the customer's key into every marked field of plain arguments, before the
 * schema parses them. A caller who sent such a field is refused (zod would silently replace it); `field` is made of declared names only.
 * Without a key nothing is written.
 * @throws Fault `connector_invalid` for marks in places that cannot be filled in.
 */
export function compileFill(input: Schema): (args: unknown, key: CustomerKey | undefined) => Filled {
  const made = new Map<Schema, Fill>()
  const compile = (schema: Schema, path: string): Fill => {
    const known = made.get(schema)
    if (known) return known
    made.set(schema, (value, key) => (made.get(schema) as Fill)(value, key))
    const fill = compileType(schema, path, compile)
    made.set(schema, fill)
    return fill
  }
  if (!keyed(input)) return (args) => ({ ok: true, value: args })
  const fill = compile(input, '$')
  return (args, key) => {
    const value = fill(args, key)
    return value instanceof Supplied ? { ok: false, field: `$${value.field}` } : { ok: true, value }
  }
}
