import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { Frontier } from '../../src/audit/frontier.ts'
import { leafHash, nodeHash } from '../../src/audit/leaf.ts'
import { verifyConsistency, verifyInclusion } from '../../src/audit/proof.ts'
import { Tiles, type TreeSource } from '../../src/audit/tiles.ts'
import { consistencyProof, inclusionProof, treeRoot } from '../../src/audit/tree.ts'
import type { TreeLevel } from '../../src/ports/log.ts'

/** RFC 9162 §2.1.1, word for word. */
function naiveRoot(leaves: readonly Uint8Array[], from = 0, to = leaves.length): Uint8Array {
  if (to === from) return createHash('sha256').digest()
  if (to - from === 1) return leaves[from]!
  let k = 1
  while (k * 2 < to - from) k *= 2
  return nodeHash(naiveRoot(leaves, from, from + k), naiveRoot(leaves, from + k, to))
}

const COUNT = 66_000
let leaves: Uint8Array[]
let tree: Record<TreeLevel, Uint8Array[]>
let reads = 0

/** A log whose nodes are integrated up to some size only. */
function source(integrated: number): TreeSource {
  return {
    leaves: async ({ from, limit }) => (reads++, leaves.slice(from, from + limit)),
    nodes: async (level, { from, limit }) => (reads++, tree[level].slice(0, Math.floor(integrated / 2 ** level)).slice(from, from + limit)),
  }
}

beforeAll(() => {
  leaves = Array.from({ length: COUNT }, (_, seq) => leafHash(Buffer.from(`record ${seq}`)))
  tree = { 8: [], 16: [], 24: [] }
  const frontier = new Frontier()
  for (const leaf of leaves) for (const { level, index, hash } of frontier.add(leaf)) tree[level][index] = hash
})

describe('the RFC 9162 tree', () => {
  test('known values: the empty root, one leaf of no bytes', async () => {
    expect(Buffer.from(await treeRoot(source(0), 0)).toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(Buffer.from(leafHash(Buffer.alloc(0))).toString('hex')).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
  })

  test('AUD-06: a leaf is never a node, and borders between records count', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (a, b) => {
        expect(Buffer.from(leafHash(Buffer.concat([a, b])))).not.toEqual(Buffer.from(nodeHash(a, b)))
      }),
    )
    const hashes = (...texts: string[]) => Buffer.from(naiveRoot(texts.map((text) => leafHash(Buffer.from(text)))))
    expect(hashes('a', 'bc')).not.toEqual(hashes('ab', 'c'))
    expect(hashes('a', 'b', 'b')).not.toEqual(hashes('a', 'b'))
  })

  test('all pairs up to 70: roots, inclusion, consistency; and no other pair passes', async () => {
    const roots = await Promise.all(Array.from({ length: 71 }, (_, size) => treeRoot(source(0), size)))
    for (let size = 0; size <= 70; size++) {
      expect(Buffer.compare(roots[size]!, naiveRoot(leaves.slice(0, size)))).toBe(0)
      for (let other = 0; other < size; other++) {
        const inclusion = { index: other, size, leaf: leaves[other]!, root: roots[size]!, proof: await inclusionProof(source(0), other, size) }
        const consistency = { from: other, to: size, fromRoot: roots[other]!, toRoot: roots[size]!, proof: await consistencyProof(source(0), other, size) }
        const verdicts = [verifyInclusion(inclusion), verifyConsistency(consistency)]
        const wrong = [
          verifyInclusion({ ...inclusion, index: (other + 1) % size }) && size > 1,
          verifyInclusion({ ...inclusion, leaf: leaves[other + 1]! }),
          verifyInclusion({ ...inclusion, proof: [...inclusion.proof, leaves[0]!] }),
          inclusion.proof.length > 0 && verifyInclusion({ ...inclusion, proof: inclusion.proof.slice(1) }),
          other > 0 && verifyConsistency({ ...consistency, fromRoot: roots[other - 1]! }),
          verifyConsistency({ ...consistency, toRoot: roots[size - 1]! }) && other > 0,
          verifyConsistency({ ...consistency, proof: [...consistency.proof, leaves[0]!] }),
          consistency.proof.length > 0 && verifyConsistency({ ...consistency, proof: consistency.proof.slice(0, -1) }),
        ]
        if (verdicts.includes(false) || wrong.includes(true)) expect.fail(`pair ${other}, ${size}: ${String(verdicts)} ${String(wrong)}`)
      }
      expect(verifyConsistency({ from: size, to: size, fromRoot: roots[size]!, toRoot: roots[size]!, proof: [] })).toBe(true)
    }
  })

  /** Sizes close to the borders of tiles, where the stored levels meet. */
  const size = fc.oneof(fc.integer({ min: 1, max: COUNT }), fc.constantFrom(256, 512, 65_280, 65_536).chain((at) => fc.integer({ min: at - 2, max: at + 2 })))

  test('across the borders of 256 and 65,536, however much is integrated', async () => {
    await fc.assert(
      fc.asyncProperty(size, size, fc.nat({ max: COUNT }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (a, b, integrated, where) => {
        const [from, to] = a < b ? [a, b] : [b, a]
        const index = Math.floor(where * to)
        const log = source(integrated)
        const [fromRoot, toRoot] = [await treeRoot(log, from), await treeRoot(log, to)]
        expect(Buffer.compare(toRoot, naiveRoot(leaves, 0, to))).toBe(0)
        expect(verifyInclusion({ index, size: to, leaf: leaves[index]!, root: toRoot, proof: await inclusionProof(log, index, to) })).toBe(true)
        const proof = await consistencyProof(log, from, to)
        expect(verifyConsistency({ from, to, fromRoot, toRoot, proof })).toBe(true)
        const frontier = await Frontier.at(new Tiles(log), from)
        expect(Buffer.compare(frontier.root(), fromRoot)).toBe(0)
        for (const leaf of leaves.slice(from, Math.min(to, from + 600))) frontier.add(leaf)
        expect(Buffer.compare(frontier.root(), naiveRoot(leaves, 0, Math.min(to, from + 600)))).toBe(0)
      }),
      { numRuns: 10 },
    )
  })

  test('any single flipped bit of a proof is refused', async () => {
    const log = source(COUNT)
    const [fromRoot, toRoot] = [await treeRoot(log, 40_001), await treeRoot(log, COUNT)]
    const inclusion = await inclusionProof(log, 12_345, COUNT)
    const consistency = await consistencyProof(log, 40_001, COUNT)
    const flip = (proof: readonly Uint8Array[], bit: number) => {
      const copy = proof.map((hash) => Uint8Array.from(hash))
      copy[Math.floor(bit / 256)]![Math.floor((bit % 256) / 8)]! ^= 1 << (bit % 8)
      return copy
    }
    fc.assert(
      fc.property(fc.nat({ max: inclusion.length * 256 - 1 }), fc.nat({ max: consistency.length * 256 - 1 }), (one, two) => {
        expect(verifyInclusion({ index: 12_345, size: COUNT, leaf: leaves[12_345]!, root: toRoot, proof: flip(inclusion, one) })).toBe(false)
        expect(verifyConsistency({ from: 40_001, to: COUNT, fromRoot, toRoot, proof: flip(consistency, two) })).toBe(false)
      }),
    )
  })

  test('an inclusion proof reads at most two rows a level', async () => {
    reads = 0
    await inclusionProof(source(COUNT), 33_333, COUNT)
    expect(reads).toBeLessThanOrEqual(6)
  })

  test('a missing leaf is a fault with a code, a wrong question an error', async () => {
    await expect(treeRoot({ leaves: async () => [], nodes: async () => [] }, 3)).rejects.toThrow(expect.objectContaining({ code: 'log_gap' }))
    await expect(treeRoot({ leaves: async () => [Buffer.alloc(31)], nodes: async () => [] }, 1)).rejects.toThrow(expect.objectContaining({ code: 'log_gap' }))
    await expect(treeRoot(source(0), 2 ** 32 + 1)).rejects.toThrow(expect.objectContaining({ code: 'log_too_large' }))
    await expect(inclusionProof(source(0), 5, 5)).rejects.toThrow(RangeError)
    await expect(consistencyProof(source(0), 6, 5)).rejects.toThrow(RangeError)
    expect(verifyInclusion({ index: 0, size: 0, leaf: leaves[0]!, root: leaves[0]!, proof: [] })).toBe(false)
    expect(verifyConsistency({ from: 3, to: 5, fromRoot: leaves[0]!, toRoot: leaves[0]!, proof: [] })).toBe(false)
  })
})
