import { Fault } from '../fault.ts'

/** Thrown for a value that has no single JSON text. `code` is always `not_plain_json`; `path` names the place, never the value. */
export class NotPlainJson extends Fault {
  declare readonly code: 'not_plain_json'
  readonly path: string

  constructor(path: string, reason: string) {
    super('not_plain_json', `${path}: ${reason}`)
    this.name = 'NotPlainJson'
    this.path = path
  }
}

/** Deeper values, and therefore all cycles, are refused before the stack can overflow. */
const MAX_DEPTH = 256

/** With the `u` flag a surrogate matches only when it has no partner. */
const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * The one canonical text of a JSON value, RFC 8785 (JCS): no spaces, members sorted by UTF-16 code units, ECMAScript numbers (so `-0` is `0`).
 * Strict on purpose: only null, booleans, finite numbers, well-formed strings, dense arrays and plain objects. Whatever `JSON.stringify`
 * would drop, call (`toJSON`, getters) or translate throws `NotPlainJson` instead, because two parties must never digest different values.
 */
export function canonicalJson(value: unknown): string {
  return write(value, '$', 0)
}

function write(value: unknown, path: string, depth: number): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return writeString(value, path)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new NotPlainJson(path, 'not a finite number')
    return JSON.stringify(value)
  }
  if (typeof value !== 'object') throw new NotPlainJson(path, `a ${typeof value} is not JSON`)
  if (depth >= MAX_DEPTH) throw new NotPlainJson(path.slice(0, 80), `nested deeper than ${MAX_DEPTH}, or cyclic`)
  return Array.isArray(value) ? writeArray(value, path, depth) : writeObject(value, path, depth)
}

function writeString(text: string, path: string): string {
  if (LONE_SURROGATE.test(text)) throw new NotPlainJson(path, 'a string with a lone surrogate')
  return JSON.stringify(text)
}

function writeArray(array: readonly unknown[], path: string, depth: number): string {
  if (Object.getPrototypeOf(array) !== Array.prototype) throw new NotPlainJson(path, 'not a plain array')
  const length = array.length
  // One own key per element and `length`: fewer is a hole, more is a member that JSON text could not carry.
  if (Reflect.ownKeys(array).length !== length + 1) throw new NotPlainJson(path, 'an array with holes or extra members')
  const items: string[] = []
  for (let index = 0; index < length; index++) items.push(write(member(array, String(index), path), `${path}[${index}]`, depth + 1))
  return `[${items.join(',')}]`
}

function writeObject(object: object, path: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null) throw new NotPlainJson(path, 'not a plain object')
  const names: string[] = []
  for (const key of Reflect.ownKeys(object)) {
    if (typeof key === 'symbol') throw new NotPlainJson(path, 'a member named by a symbol')
    names.push(key)
  }
  // The default order of `sort` is UTF-16 code units, which is what RFC 8785 §3.2.3 asks for.
  const members = names.sort().map((name) => {
    const inner = `${path}.${name}`
    return `${writeString(name, path)}:${write(member(object, name, path), inner, depth + 1)}`
  })
  return `{${members.join(',')}}`
}

/** Reads the descriptor, not the property: a getter must not run, and could answer differently the second time. */
function member(holder: object, name: string, path: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(holder, name)
  if (descriptor === undefined || !('value' in descriptor) || descriptor.enumerable !== true) {
    throw new NotPlainJson(path, 'a member that is not a plain value')
  }
  return descriptor.value
}
