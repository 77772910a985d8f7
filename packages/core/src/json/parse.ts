/** Why a text was refused: a code of the ingress (gate 0). */
export type JsonRefusal = 'request_too_large' | 'request_too_deep' | 'malformed'
export type JsonResult = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly code: JsonRefusal }
/** `bytes` counts UTF-8; `depth` counts open arrays and objects, so 64 allows 64 brackets inside each other. */
export interface JsonLimits { readonly bytes: number; readonly depth: number }

export const INGRESS_LIMITS: JsonLimits = Object.freeze({ bytes: 1_048_576, depth: 64 })

/**
 * Reads JSON (RFC 8259, with the I-JSON rules of RFC 7493 that close parser differences): well-formed UTF-8 without a
 * byte order mark, no member name twice in one object (compared after unescaping), no lone surrogate, raw or escaped.
 *
 * Values are those of `JSON.parse`; `__proto__` becomes an own data property like any other name and changes no
 * prototype (assigning it onward with `target[name] = …` or `Object.assign` would: copy with spread).
 * One pass over the text refuses before anything is built; it does not recurse.
 */
export function parseJson(text: string | Uint8Array, limits: JsonLimits): JsonResult {
  const decoded = decode(text, limits.bytes)
  if (typeof decoded !== 'string') return decoded
  const flaw = flawOf(decoded, limits.depth)
  if (flaw !== undefined) return refuse(flaw)
  try {
    return { ok: true, value: JSON.parse(decoded) as unknown }
  } catch {
    return refuse('malformed') // the engine's message quotes the text, so it goes no further
  }
}

const refuse = (code: JsonRefusal): JsonResult => ({ ok: false, code })
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }) // a kept mark is then refused by JSON.parse
const LONE_SURROGATE = /\p{Surrogate}/u

function decode(text: string | Uint8Array, bytes: number): string | JsonResult {
  if (typeof text === 'string') {
    if (text.length > bytes || Buffer.byteLength(text) > bytes) return refuse('request_too_large')
    return LONE_SURROGATE.test(text) ? refuse('malformed') : text
  }
  if (text.byteLength > bytes) return refuse('request_too_large')
  try {
    return utf8.decode(text)
  } catch {
    return refuse('malformed')
  }
}

/** Exact for every valid text. An invalid one may pass here: `JSON.parse` has the last word on grammar. */
function flawOf(text: string, depth: number): JsonRefusal | undefined {
  const open: (Names | undefined)[] = [] // one entry per open bracket; arrays have no names
  const strings = new StringEnds(text)
  let names: Names | undefined
  let nameNext = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: { // "
        const end = strings.endOf(at)
        if (end < 0) return 'malformed'
        if (nameNext && names !== undefined) {
          const name = strings.escaped ? unescape(text.slice(at, end + 1)) : text.slice(at + 1, end)
          if (name === undefined || !names.add(name)) return 'malformed'
          nameNext = false
        }
        at = end
        break
      }
      case 0x7b: // {
      case 0x5b: // [
        if (open.length >= depth) return 'request_too_deep'
        nameNext = text.charCodeAt(at) === 0x7b
        names = nameNext ? new Names() : undefined
        open.push(names)
        break
      case 0x7d: // }
      case 0x5d: // ]
        if (open.length === 0) return 'malformed'
        open.pop()
        names = open.at(-1)
        nameNext = false
        break
      case 0x2c: // ,
        nameNext = names !== undefined
    }
  }
  return undefined
}

function unescape(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string
  } catch {
    return undefined
  }
}

/** Member names seen in one object. Most objects are small, and for those a set costs more than looking through a list. */
class Names {
  readonly #few: string[] = []
  #many: Set<string> | undefined

  add(name: string): boolean {
    if (this.#many === undefined) {
      if (this.#few.includes(name)) return false
      if (this.#few.push(name) > 8) this.#many = new Set(this.#few)
      return true
    }
    if (this.#many.has(name)) return false
    this.#many.add(name)
    return true
  }
}

/** Finds where strings end. The next backslash is remembered, so a text without any is searched for one only once. */
class StringEnds {
  readonly #text: string
  #backslash = -1
  /** Whether the string found last has an escape. */
  escaped = false

  constructor(text: string) {
    this.#text = text
  }

  /** Position of the closing quote, or -1 when there is none or the escapes make a lone surrogate. */
  endOf(start: number): number {
    const end = this.#text.indexOf('"', start + 1)
    if (this.#backslash < start) {
      const next = this.#text.indexOf('\\', start)
      this.#backslash = next < 0 ? Infinity : next
    }
    this.escaped = this.#backslash < end
    return this.escaped ? this.#endOfEscaped(start) : end
  }

  #endOfEscaped(start: number): number {
    let high = false // an escaped high surrogate waits for its escaped low half
    for (let at = start + 1; at < this.#text.length; at++) {
      const char = this.#text.charCodeAt(at)
      const unit = char === 0x5c && this.#text.charCodeAt(at + 1) === 0x75 ? Number.parseInt(this.#text.slice(at + 2, at + 6), 16) : 0
      const low = (unit & 0xfc00) === 0xdc00
      if (high !== low) return -1
      high = (unit & 0xfc00) === 0xd800
      if (char === 0x22) return at
      if (char === 0x5c) at += unit === 0 ? 1 : 5 // after \u0000 the digits are ordinary characters, which is harmless
    }
    return -1
  }
}
