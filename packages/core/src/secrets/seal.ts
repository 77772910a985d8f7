import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'

/** What a sealed text is for. Part of the derivation of its key: a text sealed for one purpose never opens for another. */
export type SealPurpose = 'portcullis-round-1' | 'portcullis-answer-1'

export interface SealWith {
  readonly key: Uint8Array
  readonly purpose: SealPurpose
  /** What the text belongs to; not in it, and it opens only beside exactly this. */
  readonly beside?: string
}

const TAG_BYTES = 16

/** AES-256-GCM under a key and nonce of their own, derived from `salt`, which is drawn once and never used again (HKDF, RFC 5869). */
export function seal({ key, purpose, beside = '' }: SealWith, salt: string, text: string): string {
  const cipher = createCipheriv('aes-256-gcm', ...derived(key, salt, purpose), { authTagLength: TAG_BYTES }).setAAD(Buffer.from(beside))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${salt}.${sealed.toString('base64url')}`
}

/** Undefined for a text that was altered, sealed elsewhere, for something else or beside something else. */
export function unseal({ key, purpose, beside = '' }: SealWith, sealed: string): string | undefined {
  const [, salt, body] = /^([\w-]{1,64})\.([\w-]+)$/.exec(sealed) ?? []
  if (salt === undefined || body === undefined) return undefined
  const bytes = Buffer.from(body, 'base64url')
  if (bytes.length <= TAG_BYTES || bytes.toString('base64url') !== body) return undefined // one text, one seal
  try {
    const decipher = createDecipheriv('aes-256-gcm', ...derived(key, salt, purpose), { authTagLength: TAG_BYTES }).setAAD(Buffer.from(beside)).setAuthTag(bytes.subarray(-TAG_BYTES))
    return `${decipher.update(bytes.subarray(0, -TAG_BYTES), undefined, 'utf8')}${decipher.final('utf8')}`
  } catch {
    return undefined
  }
}

function derived(key: Uint8Array, salt: string, purpose: SealPurpose): [Uint8Array, Uint8Array] {
  const bytes = new Uint8Array(hkdfSync('sha256', key, salt, purpose, 44))
  return [bytes.subarray(0, 32), bytes.subarray(32)]
}
