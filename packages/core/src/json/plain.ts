/** How much one value may be: UTF-8 bytes of its JSON, levels of nesting (a scalar is level 0), and values in it. */
export interface PlainLimits {
  readonly bytes: number
  readonly depth: number
  readonly nodes?: number | undefined
}

export type PlainRefusal = 'not_plain' | 'too_large' | 'too_deep'
/** `json` is present when the size had to be measured exactly; it is the serialisation of `value`. */
export type PlainCopy = { ok: true; value: unknown; json?: string } | { ok: false; code: PlainRefusal }

/** The longest JSON of a finite number is `-1.2345678901234567e-300`. */
const LONGEST_NUMBER = 25
/** One UTF-16 code unit takes at most six bytes, as `\u001f`. */
const WIDEST_UNIT = 6

/** Thrown only inside this file, and always caught here. */
class Refused extends Error {
  readonly code: PlainRefusal

  constructor(code: PlainRefusal) {
    super(code)
    this.code = code
  }
}

/** One pass: bounds of the size are kept while copying, so that strings are not scanned for a size that surely fits. */
class Snapshot {
  least = 0
  most = 0
  #nodes = 0
  readonly #limits: PlainLimits

  constructor(limits: PlainLimits) {
    this.#limits = limits
  }

  copy(value: unknown, level: number): unknown {
    if (this.#limits.nodes !== undefined && ++this.#nodes > this.#limits.nodes) throw new Refused('too_large')
    switch (typeof value) {
      case 'string':
        this.#text(value)
        return value
      case 'number':
        if (!Number.isFinite(value)) throw new Refused('not_plain')
        this.#grow(1, LONGEST_NUMBER)
        return value === 0 ? 0 : value // JSON has no negative zero
      case 'boolean':
        this.#grow(4, 5)
        return value
      case 'object':
        if (value === null) {
          this.#grow(4, 4)
          return null
        }
        if (level >= this.#limits.depth) throw new Refused('too_deep')
        return Array.isArray(value) ? this.#list(value, level + 1) : this.#object(value, level + 1)
      default:
        throw new Refused('not_plain')
    }
  }

  /** A hole reads as undefined, which no list may hold. The length is read once: a Proxy may answer differently the next time. */
  #list(source: readonly unknown[], level: number): readonly unknown[] {
    if (Object.getPrototypeOf(source) !== Array.prototype) throw new Refused('not_plain')
    const length: unknown = source.length
    if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) throw new Refused('not_plain') // NaN would switch the limits off
    this.#grow(Math.max(length, 1) + 1, Math.max(length, 1) + 1) // brackets and the commas between, exactly
    const copy: unknown[] = []
    for (let at = 0; at < length; at++) copy.push(this.copy(source[at], level))
    return Object.freeze(copy)
  }

  /** Enumerable own string members only, each read once. Members that are undefined are left out, as JSON does. */
  #object(source: object, level: number): object {
    const prototype: unknown = Object.getPrototypeOf(source)
    if (prototype !== Object.prototype && prototype !== null) throw new Refused('not_plain')
    this.#grow(2, 2)
    const copy: Record<string, unknown> = {}
    for (const name of Object.keys(source)) {
      const value = (source as Record<string, unknown>)[name]
      if (value === undefined) continue
      this.#text(name)
      this.#grow(1, 2)
      const kept = this.copy(value, level)
      if (name === '__proto__') Object.defineProperty(copy, name, { value: kept, enumerable: true })
      else copy[name] = kept
    }
    return Object.freeze(copy)
  }

  #text(text: string): void {
    this.#grow(text.length + 2, text.length * WIDEST_UNIT + 2)
  }

  #grow(least: number, most: number): void {
    this.most += most
    this.least += least
    if (this.least > this.#limits.bytes) throw new Refused('too_large')
  }
}

/**
 * A deep-frozen copy of a value that nobody can change or run code in any more: null, booleans, finite numbers, strings, lists, and
 * objects with `Object.prototype` whose members are own data, whatever their names (`__proto__`, `constructor` and `toJSON` too).
 *
 * Every getter and Proxy trap runs at most once per member, and what it answers then is what the copy holds. Refused as `not_plain`:
 * functions, symbols, bigints, NaN and infinities, holes and undefined in lists, class instances, and anything that throws when it is
 * read. `too_large` and `too_deep` name the limit. Never throws.
 */
export function plainCopy(value: unknown, limits: PlainLimits): PlainCopy {
  try {
    const snapshot = new Snapshot(limits)
    const copy = snapshot.copy(value, 0)
    if (snapshot.most <= limits.bytes) return { ok: true, value: copy }
    const json = JSON.stringify(copy)
    return Buffer.byteLength(json) > limits.bytes ? { ok: false, code: 'too_large' } : { ok: true, value: copy, json }
  } catch (error) {
    return { ok: false, code: error instanceof Refused ? error.code : 'not_plain' }
  }
}
