import { createHmac, randomInt, timingSafeEqual } from 'node:crypto'
import { Fault } from '../fault.ts'
import type { Keys } from '../secrets/keys.ts'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SHAPE = /^(pcs_([a-z][a-z0-9]{0,11})_([0-9A-Za-z]{10})_[0-9A-Za-z]{43})_([0-9A-Za-z]{6})$/
const ENVIRONMENT = /^[a-z][a-z0-9]{0,11}$/

/** What may be known of a shown-once secret without looking anything up. */
export interface ShownSecret {
  readonly environment: string
  /** Finds the credential's record. No secret by itself. */
  readonly keyId: string
}

/**
 * A new secret `pcs_<environment>_<key id>_<43 base62 = 256 bits>_<crc32>`, to be shown once and stored as `hashSecret`.
 * @throws Fault `environment_invalid` unless the environment is 1 to 12 of a-z and 0-9, beginning with a letter.
 */
export function mintShownSecret(environment: string): ShownSecret & { readonly secret: string } {
  if (!ENVIRONMENT.test(environment)) throw new Fault('environment_invalid', 'The environment of a secret is 1 to 12 of a-z and 0-9, beginning with a letter.')
  const keyId = random62(10)
  const front = `pcs_${environment}_${keyId}_${random62(43)}`
  return { environment, keyId, secret: `${front}_${checksum(front)}` }
}

/** Undefined unless form and checksum are right: typing errors and floods end here, before anything is looked up. */
export function parseShownSecret(text: unknown): ShownSecret | undefined {
  const [, front, environment, keyId, check] = (typeof text === 'string' && SHAPE.exec(text)) || []
  if (front === undefined || environment === undefined || keyId === undefined || checksum(front) !== check) return undefined
  return { environment, keyId }
}

/** Without it a stolen table of hashes verifies nothing. The id says which one made a hash, so that it can be changed. */
export interface Pepper {
  readonly id: string
  readonly key: Buffer
}

export function pepperOf(keys: Keys): Pepper {
  const key = keys.derive('pepper', 32)
  return { id: createHmac('sha256', key).update('id').digest('hex').slice(0, 8), key }
}

/** `h1:<pepper id>:<hex of HMAC-SHA-256>`: a slow hash adds nothing to 256 random bits but a way to exhaust the server. */
export function hashSecret(pepper: Pepper, secret: string): string {
  return `h1:${pepper.id}:${createHmac('sha256', pepper.key).update(secret).digest('hex')}`
}

/**
 * Compares in constant time. A hash that is absent, damaged or of another pepper matches nothing, at the same cost, so
 * that a key id that exists cannot be told from one that does not.
 */
export function secretMatches(peppers: readonly [Pepper, ...Pepper[]], stored: string | undefined, secret: string): boolean {
  const [, id, hex] = /^h1:([0-9a-z]{1,16}):([0-9a-f]{64})$/.exec(stored ?? '') ?? []
  const pepper = peppers.find((candidate) => candidate.id === id)
  const actual = createHmac('sha256', (pepper ?? peppers[0]).key).update(secret).digest()
  const same = timingSafeEqual(actual, Buffer.from(hex ?? '0'.repeat(64), 'hex'))
  return same && pepper !== undefined && hex !== undefined
}

const random62 = (length: number): string => Array.from({ length }, () => BASE62[randomInt(62)]).join('')

/** CRC-32 (ISO-HDLC, the one of zip) in six base62 digits, most significant first. */
function checksum(text: string): string {
  let crc = 0xffffffff
  for (const byte of Buffer.from(text)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  let rest = (crc ^ 0xffffffff) >>> 0
  let digits = ''
  for (let at = 0; at < 6; at++) {
    digits = `${BASE62[rest % 62]}${digits}`
    rest = Math.floor(rest / 62)
  }
  return digits
}
