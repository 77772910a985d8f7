import { createHash } from 'node:crypto'
import { inspect } from 'node:util'

const numbers = new WeakMap<object, number>()
let last = 0

/** The same for what would connect in the same way, password and TLS included: values by what they are, functions and instances by which one it is. */
export const configPrint = (config: object): string => createHash('sha256').update(JSON.stringify(said(config, 0))).digest('base64')

function said(value: unknown, depth: number): unknown {
  if (value === null) return ['null']
  if (typeof value !== 'object' && typeof value !== 'function') return [typeof value, typeof value === 'string' ? value : inspect(value)]
  if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('base64')]
  if (depth < 8 && Array.isArray(value)) return ['list', value.map((item) => said(item, depth + 1))]
  const prototype: unknown = Object.getPrototypeOf(value)
  if (depth < 8 && (prototype === Object.prototype || prototype === null)) {
    return ['record', Object.getOwnPropertyNames(value).toSorted().map((name) => [name, said((value as Readonly<Record<string, unknown>>)[name], depth + 1)])]
  }
  const number = numbers.get(value) ?? (last += 1)
  numbers.set(value, number)
  return ['instance', number]
}
