import { parseJson } from '../json/parse.ts'

/** A compact JWS (RFC 7515 §3.1) taken apart. Nothing in it is verified yet. */
export interface CompactJws {
  readonly alg: string
  readonly kid: string
  /** In lower case, as media types compare; absent when the header has none. */
  readonly typ?: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly signed: Buffer
  readonly signature: Buffer
}

/** Characters; longer ones are not looked at. */
export const LONGEST_TOKEN = 16_384
const SHAPE = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/
/** They name a key or change what is signed. A token that carries one is not looked at any further. */
const FORBIDDEN = ['jku', 'x5u', 'jwk', 'x5c', 'crit', 'b64', 'zip', 'enc'] as const

/**
 * Undefined unless it is exactly three canonical base64url parts, of which header and payload are strict JSON objects,
 * and the header names `alg` and `kid`. One set of bytes has one spelling: padding, line ends and changed spare bits
 * are refused (RFC 8725 §2.4).
 */
export function readCompactJws(token: string): CompactJws | undefined {
  const [, head, body, tail] = SHAPE.exec(token) ?? []
  const header = readObject(head, { bytes: 2_048, depth: 4 })
  if (header === undefined || FORBIDDEN.some((name) => Object.hasOwn(header, name))) return undefined
  const { alg, kid, typ } = header
  if (typeof alg !== 'string' || typeof kid !== 'string' || (typ !== undefined && typeof typ !== 'string')) return undefined
  const payload = readObject(body, { bytes: LONGEST_TOKEN, depth: 16 })
  const signature = decode(tail)
  if (payload === undefined || signature === undefined) return undefined
  return { alg, kid, ...(typ !== undefined && { typ: typ.toLowerCase() }), payload, signed: Buffer.from(`${head}.${body}`), signature }
}

function readObject(part: string | undefined, limits: { bytes: number; depth: number }): Record<string, unknown> | undefined {
  const bytes = decode(part)
  if (bytes === undefined) return undefined
  const parsed = parseJson(bytes, limits)
  const isObject = parsed.ok && typeof parsed.value === 'object' && parsed.value !== null && !Array.isArray(parsed.value)
  return isObject ? (parsed.value as Record<string, unknown>) : undefined
}

function decode(part: string | undefined): Buffer | undefined {
  if (part === undefined) return undefined
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : undefined
}
