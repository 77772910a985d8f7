import { createPublicKey, verify } from 'node:crypto'

/** RFC 8032 §5.1: the field, the curve constant, the order of the group. */
const P = 2n ** 255n - 19n
const L = 2n ** 252n + 27742317777372353535851937790883648493n
const D = (-121665n * inverse(121666n)) % P
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/**
 * Is this an encoding that may be trusted: 32 bytes, canonical, and not one of the points of small order, under which one signature fits
 * many messages (some OpenSSL versions accept them)? Small order is computed, by three doublings, rather than looked up.
 */
export function isTrustworthy(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false
  let y = littleEndian(publicKey) % 2n ** 255n // the top bit is the sign of x
  if (y >= P) return false
  // Doubling needs only the squares: -x² + y² = 1 + d x² y².
  let xx = mod((y * y - 1n) * inverse(D * y * y + 1n))
  for (let doubling = 0; doubling < 3; doubling++) {
    const yy = mod(y * y)
    const product = mod(D * xx * yy)
    y = mod((yy + xx) * inverse(1n - product))
    xx = mod(4n * xx * yy * inverse((1n + product) * (1n + product)))
  }
  return !(y === 1n && xx === 0n)
}

/** RFC 8032 §5.1.7, strict: S must be below the group order. The key must have passed `isTrustworthy`. */
export function isSigned(publicKey: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || littleEndian(signature.subarray(32)) >= L) return false
  return verify(null, text, createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' }), signature)
}

function mod(value: bigint): bigint {
  const rest = value % P
  return rest < 0n ? rest + P : rest
}

/** Fermat: value^(P-2). */
function inverse(value: bigint): bigint {
  let result = 1n
  let base = mod(value)
  for (let exponent = P - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % P
    base = (base * base) % P
  }
  return result
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}
