import type { z } from 'zod'
import { definitionFault } from './definition.ts'

export type Schema = z.core.$ZodType
export type Schemas = readonly Schema[]

/** The parts of a zod definition that we read. This file is the only one that leans on how zod keeps them. */
export interface Anatomy {
  readonly type: string
  readonly innerType?: Schema
  readonly in?: Schema
  readonly out?: Schema
  readonly element?: Schema
  readonly items?: Schemas
  readonly rest?: Schema | null
  readonly keyType?: Schema
  readonly valueType?: Schema
  readonly options?: Schemas
  readonly discriminator?: string
  readonly unionFallback?: boolean
  readonly left?: Schema
  readonly right?: Schema
  readonly shape?: Readonly<Record<string, Schema>>
  readonly catchall?: Schema
  readonly mode?: string
  readonly partial?: boolean
  readonly values?: readonly unknown[]
  readonly entries?: Readonly<Record<string, string | number>>
  readonly checks?: readonly z.core.$ZodCheck[]
}

export function anatomy(schema: Schema): Anatomy {
  const def = schema._zod.def as unknown as Anatomy
  // A lazy schema hides its inner one behind a getter; zod keeps one copy of what it returned, and only that copy is stable.
  return def.type === 'lazy' ? { type: 'lazy', innerType: (schema as z.core.$ZodLazy)._zod.innerType } : def
}

/** Schemas whose values JSON does not have. */
export const NOT_JSON: ReadonlySet<string> = new Set(['map', 'set', 'promise', 'function', 'symbol', 'bigint', 'date', 'file', 'nan', 'success'])

/** One step into a schema. `at` is what to append to the path in an error sentence. */
export interface Part {
  readonly at: string
  readonly schema: Schema
}

/** Every schema directly inside this one, both sides of a pipe included. */
export function parts(schema: Schema): readonly Part[] {
  const def = anatomy(schema)
  const found: Part[] = []
  const add = (at: string, part: Schema | null | undefined): void => {
    if (part) found.push({ at, schema: part })
  }
  for (const name of Object.keys(def.shape ?? {})) add(`.${name}`, def.shape?.[name])
  add('.*', def.catchall)
  add('', def.innerType)
  add('', def.in)
  add('', def.out)
  add('', def.left)
  add('', def.right)
  add('[]', def.element)
  def.items?.forEach((item, index) => add(`[${index}]`, item))
  add('[]', def.rest)
  add('{name}', def.keyType)
  add('{}', def.valueType)
  def.options?.forEach((option, index) => add(`|${index}`, option))
  return found
}

/** Whether a schema or anything inside it satisfies the test. Ends on recursive schemas. */
export function some(schema: Schema, test: (schema: Schema) => boolean): boolean {
  const seen = new Set<Schema>()
  const waiting = [schema]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    if (test(next)) return true
    for (const part of parts(next)) waiting.push(part.schema)
  }
  return false
}

/** Whether a schema lets members through that it does not name. */
export function isOpen(def: Anatomy): boolean {
  return (def.catchall !== undefined && anatomy(def.catchall).type !== 'never') || (def.type === 'record' && def.mode === 'loose')
}

/**
 * The named members of an object or of an intersection of objects, in order.
 * @throws Fault `connector_invalid` for other intersections, and for a member named `__proto__`, which no plain object can carry safely.
 */
export function members(schema: Schema, path: string): ReadonlyMap<string, Schema> {
  const def = anatomy(schema)
  if (def.left && def.right) {
    if ([def.left, def.right].some((side) => isOpen(anatomy(side)))) {
      throw definitionFault(`${path}.*: unknown fields are let through: intersect closed objects only.`)
    }
    const merged = new Map(members(def.left, path))
    for (const [name, member] of members(def.right, path)) {
      const twin = merged.get(name)
      if (twin && (parts(twin).length > 0 || parts(member).length > 0)) {
        throw definitionFault(`${path}.${name} is declared on both sides of an intersection: declare it on one side.`)
      }
      merged.set(name, member)
    }
    return merged
  }
  if (!def.shape) {
    throw definitionFault(`${path}: only objects can be intersected, this side is ${def.type}: write one z.object with the members of both.`)
  }
  if (Object.hasOwn(def.shape, '__proto__')) throw definitionFault(`${path}.__proto__ cannot be a member: rename it.`)
  return new Map(Object.keys(def.shape).map((name) => [name, def.shape?.[name] as Schema]))
}

/**
 * Which option of a discriminated union a discriminator selects; undefined for a union that has to be tried option by option.
 * @throws Fault `connector_invalid` when two options claim one value.
 */
export function selector(schema: Schema, path: string): ReadonlyMap<unknown, number> | undefined {
  const { discriminator, unionFallback, options } = anatomy(schema)
  if (discriminator === undefined || unionFallback || !options) return undefined
  const claimed = new Map<unknown, number>()
  options.forEach((option, index) => {
    for (const value of option._zod.propValues?.[discriminator] ?? []) {
      if (claimed.has(value)) throw definitionFault(`${path}: two options of the union claim the same ${discriminator}.`)
      claimed.set(value, index)
    }
  })
  return claimed
}

/** Null and the other schemas whose only JSON value is null or nothing: there is nothing in them that could belong to anybody. */
export function isNothing(schema: Schema): boolean {
  const { type, values } = anatomy(schema)
  if (type === 'literal') return (values ?? []).every((value) => value === null || value === undefined)
  return ['null', 'undefined', 'void', 'never'].includes(type)
}
