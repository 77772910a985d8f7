import type { CustomerKey } from './connector.ts'
import type { Schema } from './anatomy.ts'

/** Answers of a node that must not be released: the value belongs to another customer, or cannot be attributed to anybody. */
export const FOREIGN = Symbol('foreign')
export const KEYLESS = Symbol('keyless')

/** One run of a narrower. `kept` only serves to tell a list entry that was emptied from one that was empty. */
export interface Tally {
  readonly key: CustomerKey
  kept: number
  dropped: number
  keyless: number
}

/** Returns the narrowed value, `undefined` for "leave it out", FOREIGN or KEYLESS. */
export type Run = (value: unknown, tally: Tally) => unknown

/**
 * Where a schema stands. `open`: outside every record, so each leaf must say whose it is. `record`: inside a record of the customer,
 * leaves belong to it and nested keys are checked again. `shared`: the author said it is for everybody, so no key may be in it.
 */
export type Place = 'open' | 'record' | 'shared'

/** A compiled schema. */
export interface Node {
  run: Run
  /** As `run`, but what was taken away is never replaced by null or absence: lists use it, lest they tell how much there was. */
  bare: Run
  /** Every value of it says itself whose it is. */
  attributed: boolean
  /** The value passes as it is. */
  plain: boolean
  /** Members in which an object, or any option of a union, has its key. */
  keys?: readonly string[] | undefined
}

/** Compiles a schema at a place. `path` is for error sentences only. */
export type Compile = (schema: Schema, place: Place, path: string) => Node

export function gone(value: unknown): value is typeof FOREIGN | typeof KEYLESS {
  return value === FOREIGN || value === KEYLESS
}

/** A node without a gentler way to take things away. */
export function node(run: Run, facts: Pick<Node, 'attributed' | 'keys'>): Node {
  return { run, bare: run, plain: false, ...facts }
}

const same: Run = (value) => value
export const PLAIN: Node = { run: same, bare: same, attributed: false, plain: true }

/** Something whose shape is not the declared one cannot be attributed. */
export function misshapen(tally: Tally): typeof KEYLESS {
  tally.keyless++
  return KEYLESS
}

/** Type and value both count: 1 is not '1'. Anything but a finite number or a filled string is no key at all. */
export function isUsableKey(value: unknown): value is CustomerKey {
  return typeof value === 'string' ? value !== '' : Number.isFinite(value)
}

/** A key that stands alone, outside an object. */
export const bareKey: Run = (value, tally) => {
  if (value === tally.key) {
    tally.kept++
    return value
  }
  if (!isUsableKey(value)) return misshapen(tally)
  tally.dropped++
  return FOREIGN
}
