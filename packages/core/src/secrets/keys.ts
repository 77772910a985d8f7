import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto'
import { Fault } from '../fault.ts'

const PURPOSES = ['token', 'checkpoint', 'pepper', 'seal', 'argument-digest'] as const
export type KeyPurpose = (typeof PURPOSES)[number]

/** Everything the deployment key is good for. Only derived keys leave; the key itself stays in a closure. */
export interface Keys {
  /**
   * HKDF-SHA-256 (RFC 5869) of the deployment key; `bytes` is 16 to 64. Purpose and length are both part of the
   * derivation, so two results never share a prefix.
   */
  readonly derive: (purpose: KeyPurpose, bytes: number) => Buffer
}

export const DEPLOYMENT_KEY_BYTES = 32
const NO_SALT = Buffer.alloc(0) // the deployment key is uniform already

/** @throws Fault `key_invalid` unless there are exactly 32 bytes. */
export function keysFrom(bytes: Uint8Array): Keys {
  if (!(bytes instanceof Uint8Array) || bytes.byteLength !== DEPLOYMENT_KEY_BYTES) throw new Fault('key_invalid', 'The deployment key must have exactly 32 bytes.')
  const key = Buffer.from(bytes) // a copy: the caller may wipe theirs
  return Object.freeze({
    derive: (purpose: KeyPurpose, length: number) => {
      if (!PURPOSES.includes(purpose)) throw new Fault('key_purpose_unknown', 'A key can only be derived for one of the known purposes.')
      if (!Number.isInteger(length) || length < 16 || length > 64) throw new Fault('key_invalid', 'A derived key must have 16 to 64 bytes.')
      return Buffer.from(hkdfSync('sha256', key, NO_SALT, `portcullis-key-1 ${purpose} ${length}`, length))
    },
  })
}

/** RFC 8410 §7: the fixed PKCS#8 frame around a 32-byte Ed25519 seed. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The Ed25519 pair of a 32-byte seed (RFC 8032). `publicRaw` is its 32-byte encoding. @throws Fault `key_invalid` */
export function ed25519FromSeed(seed: Buffer): { privateKey: KeyObject; publicKey: KeyObject; publicRaw: Buffer } {
  if (seed.byteLength !== 32) throw new Fault('key_invalid', 'An Ed25519 seed must have exactly 32 bytes.')
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  return { privateKey, publicKey, publicRaw: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32) }
}
