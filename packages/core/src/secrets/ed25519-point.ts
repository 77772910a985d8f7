const PRIME = 2n ** 255n - 19n
/** The y coordinate of the points of order 8; the other small ones have 0, 1 and -1 (RFC 7748 §7, RFC 8032 §5.1). */
const ORDER_EIGHT = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n
const SMALL = new Set([0n, 1n, PRIME - 1n, ORDER_EIGHT, PRIME - ORDER_EIGHT])

/**
 * False for the encodings of a public key that make one signature hold for many messages: points of small order, and
 * y coordinates that are not reduced. OpenSSL 3.0 verifies with them, so they are refused where a key is registered.
 */
export function isSoundEd25519Key(raw: Uint8Array): boolean {
  if (raw.byteLength !== 32) return false
  const y = BigInt(`0x${Buffer.from(raw).reverse().toString('hex')}`) & (2n ** 255n - 1n) // the top bit is the sign of x
  return y < PRIME && !SMALL.has(y)
}
