import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { isSoundEd25519Key } from '../secrets/ed25519-point.ts'
import { LogFault } from './log-fault.ts'

/** Signs checkpoints. A port in small: the private key may live in this process or behind a key service. */
export interface SigningKey {
  /** 32 bytes, RFC 8032 §5.1.2. */
  readonly publicKey: Uint8Array
  /** The 64-byte Ed25519 signature of `text`. */
  sign(text: Uint8Array): Promise<Uint8Array>
}

/** DER prefixes of RFC 8410, so that raw 32-byte keys need no other library. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/** A signing key from a 32-byte Ed25519 seed (RFC 8032 §5.1.5) or from a private `KeyObject`. Throws `key_invalid`. */
export function ed25519Key(secret: Uint8Array | KeyObject): SigningKey {
  const key = secret instanceof Uint8Array ? fromSeed(secret) : secret
  if (key.type !== 'private' || key.asymmetricKeyType !== 'ed25519') throw new LogFault('key_invalid', 'not an Ed25519 private key')
  const publicKey = Uint8Array.from(createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(SPKI.length))
  return { publicKey, sign: async (text) => sign(null, text, key) }
}

function fromSeed(seed: Uint8Array): KeyObject {
  if (seed.length !== 32) throw new LogFault('key_invalid', 'an Ed25519 seed is 32 bytes long')
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
}

/** Throws `key_invalid` for an encoding that must never be trusted: wrong length, not canonical (y >= p), or a point of small order. */
export function assertTrustworthy(publicKey: Uint8Array): void {
  if (!isSoundEd25519Key(publicKey)) throw new LogFault('key_invalid', 'not the canonical encoding of an Ed25519 public key of full order')
}

/** Strict verification: trustworthy key, 64 bytes, S below the group order (otherwise a second valid signature could be made from the first). */
export function verifyEd25519(publicKey: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean {
  assertTrustworthy(publicKey)
  if (signature.length !== 64 || littleEndian(signature.subarray(32)) >= ORDER) return false
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' })
  return verify(null, text, key, signature)
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}
