import { createHash, hash } from 'node:crypto'

/** Two prefixes, so that a record can never be presented as a pair of hashes, nor the other way round (RFC 9162 §2.1.1). */
const LEAF = 0
const NODE = Uint8Array.of(1)

/** SHA-256(0x00 || bytes): the leaf of a record, over its exact stored bytes. In one call, since every append pays for it. */
export function leafHash(bytes: Uint8Array): Uint8Array {
  const leaf = Buffer.allocUnsafe(bytes.byteLength + 1)
  leaf[0] = LEAF
  leaf.set(bytes, 1)
  return hash('sha256', leaf, 'buffer')
}

/** SHA-256(0x01 || left || right): an inner node. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(NODE).update(left).update(right).digest()
}

/** The root of a tree without leaves. */
export function emptyRoot(): Uint8Array {
  return createHash('sha256').digest()
}

/** Hashes are public, so the comparison need not take constant time. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
