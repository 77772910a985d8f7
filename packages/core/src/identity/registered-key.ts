import { constants, createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto'
import { Fault } from '../fault.ts'
import { isSoundEd25519Key } from '../secrets/ed25519-point.ts'

/** A public key with everything that decides how it may be used, fixed when it was registered. */
export interface RegisteredKey {
  readonly kid: string
  readonly key: KeyObject
  /** What the header's `alg` may say (RFC 7518, 8037, 9864). The token chooses among these, never the algorithm itself. */
  readonly algorithms: ReadonlySet<string>
  readonly signatureBytes: number
}

/** A key of this deployment: Ed25519 under its fully specified name only (RFC 9864). */
export function ownKey(kid: string, key: KeyObject): RegisteredKey {
  if (key.type !== 'public' || key.asymmetricKeyType !== 'ed25519') throw new Fault('key_invalid', 'Own access tokens are verified with an Ed25519 public key.')
  return { kid, key, algorithms: new Set(['Ed25519']), signatureBytes: 64 }
}

/**
 * Registers a key of another issuer from its JWK (RFC 7517). @throws Fault `issuer_invalid`, naming the issuer and the
 * key id, never the key, for anything but a sound public Ed25519, P-256 or RSA (2048 bits or more) signing key.
 */
export function registerKey(issuer: string, jwk: JsonWebKey): RegisteredKey {
  const { kid, alg, use, key_ops: uses } = jwk as Record<string, unknown>
  const refuse = (why: string): Fault => new Fault('issuer_invalid', `A key of issuer ${issuer} ${why}.`)
  if (typeof kid !== 'string' || kid === '' || kid.length > 256) throw refuse('has no key id')
  if (['d', 'p', 'q', 'k'].some((part) => Object.hasOwn(jwk, part))) throw refuse(`(${kid}) is secret: register its public half only`)
  if (use !== undefined && use !== 'sig') throw refuse(`(${kid}) is not for signing`)
  if (uses !== undefined && !(Array.isArray(uses) && uses.includes('verify'))) throw refuse(`(${kid}) is not for signing`)

  const key = importKey(jwk)
  if (key === undefined) throw refuse(`(${kid}) cannot be read`)
  const usage = usageOf(key)
  if (usage === undefined) throw refuse(`(${kid}) is of a kind or strength that is not accepted`)
  if (alg === undefined) return { kid, key, ...usage }
  if (typeof alg !== 'string' || !usage.algorithms.has(alg)) throw refuse(`(${kid}) names an algorithm that does not fit it`)
  // Ed25519 and EdDSA are one algorithm with an old and a new name, so either name binds the key to both.
  return { kid, key, signatureBytes: usage.signatureBytes, algorithms: key.asymmetricKeyType === 'ed25519' ? usage.algorithms : new Set([alg]) }
}

/** Whether the key made this signature with this algorithm. Total: what does not fit is false. */
export function signatureHolds({ key, algorithms, signatureBytes }: RegisteredKey, alg: string, signed: Buffer, signature: Buffer): boolean {
  if (!algorithms.has(alg) || signature.byteLength !== signatureBytes) return false
  switch (alg) {
    case 'Ed25519':
    case 'EdDSA':
      return verify(null, signed, key, signature)
    case 'ES256':
      return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature)
    case 'RS256':
      return verify('sha256', signed, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
    case 'PS256':
      return verify('sha256', signed, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }, signature)
    default:
      return false
  }
}

type Usage = Pick<RegisteredKey, 'algorithms' | 'signatureBytes'>

function usageOf(key: KeyObject): Usage | undefined {
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return isSoundEd25519Key(key.export({ format: 'der', type: 'spki' }).subarray(-32)) ? { algorithms: new Set(['Ed25519', 'EdDSA']), signatureBytes: 64 } : undefined
    case 'ec':
      return namedCurve === 'prime256v1' ? { algorithms: new Set(['ES256']), signatureBytes: 64 } : undefined
    case 'rsa': // up to 8192 bits, because a larger key makes every verification expensive
      return modulusLength >= 2_048 && modulusLength <= 8_192 && publicExponent >= 65_537n
        ? { algorithms: new Set(['RS256', 'PS256']), signatureBytes: Math.ceil(modulusLength / 8) }
        : undefined
    default:
      return undefined
  }
}

function importKey(jwk: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined // the cause may quote the key
  }
}
