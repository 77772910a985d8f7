import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import { canonicalJson } from '../json/canonical.ts'

/** What a client keeps for us between two rounds of a call, and can neither read nor alter. */
export interface SealedRound {
  /** Of caller, reach, target and arguments: the state holds for nothing else. */
  readonly binding: string
  /** The first round's decision, by which the audit knows all rounds as one call. */
  readonly callId: string
  /** ms */
  readonly expiresAt: number
  readonly state?: unknown
}

/** A state that came back: what was in it, or that it is none of ours. */
export type Resumed = 'none' | 'broken' | SealedRound

const TAG_BYTES = 16
const LONGEST = 16_384

/** SHA-256 hex over everything that the state of a call holds for. */
export const roundBinding = (call: Readonly<Record<'tenant' | 'principal' | 'reach' | 'instance' | 'target' | 'definition' | 'arguments', string>>): string =>
  createHash('sha256').update(canonicalJson({ v: 1, ...call })).digest('hex')

/** AES-256-GCM under a key and nonce of their own, derived from `salt`, which is drawn once and never used again (HKDF, RFC 5869). */
export function sealRound(key: Uint8Array, salt: string, round: SealedRound): string {
  const cipher = createCipheriv('aes-256-gcm', ...derived(key, salt), { authTagLength: TAG_BYTES })
  const sealed = Buffer.concat([cipher.update(JSON.stringify(round), 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${salt}.${sealed.toString('base64url')}`
}

export function openRound(key: Uint8Array, text: string): SealedRound | 'broken' {
  const [, salt, body] = /^([\w-]{1,64})\.([\w-]+)$/.exec(text) ?? []
  if (salt === undefined || body === undefined || text.length > LONGEST) return 'broken'
  const bytes = Buffer.from(body, 'base64url')
  if (bytes.length <= TAG_BYTES || bytes.toString('base64url') !== body) return 'broken' // one text, one seal
  try {
    const decipher = createDecipheriv('aes-256-gcm', ...derived(key, salt), { authTagLength: TAG_BYTES }).setAuthTag(bytes.subarray(-TAG_BYTES))
    return JSON.parse(`${decipher.update(bytes.subarray(0, -TAG_BYTES), undefined, 'utf8')}${decipher.final('utf8')}`) as SealedRound
  } catch {
    return 'broken'
  }
}

function derived(key: Uint8Array, salt: string): [Uint8Array, Uint8Array] {
  const bytes = new Uint8Array(hkdfSync('sha256', key, salt, 'portcullis-round-1', 44))
  return [bytes.subarray(0, 32), bytes.subarray(32)]
}
