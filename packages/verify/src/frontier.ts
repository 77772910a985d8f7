import { createHash } from 'node:crypto'

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** RFC 9162 §2.1.1: different prefixes for records and for pairs of hashes. */
export const leafOf = (record: Uint8Array): Buffer => sha256(Uint8Array.of(0), record)
const pairOf = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Uint8Array.of(1), left, right)

/**
 * The root of a growing tree in bounded memory (at most 53 hashes), remembered at the sizes that were asked for in advance.
 */
export class Frontier {
  readonly #peaks: { width: number; hash: Uint8Array }[] = []
  readonly #roots = new Map<number, Uint8Array | undefined>()
  #size = 0

  constructor(sizes: readonly number[]) {
    for (const size of sizes) this.#roots.set(size, size === 0 ? sha256() : undefined)
  }

  /** Adds the hash of the next `width` leaves; `width` is 1, or a power of two that divides the size so far. */
  add(hash: Uint8Array, width = 1): void {
    this.#size += width
    let top = { width, hash }
    for (let left = this.#peaks.at(-1); left?.width === top.width; left = this.#peaks.at(-1)) {
      this.#peaks.pop()
      top = { width: top.width * 2, hash: pairOf(left.hash, top.hash) }
    }
    this.#peaks.push(top)
    if (this.#roots.has(this.#size)) this.#roots.set(this.#size, this.#fold())
  }

  /** Did the tree have this root when it had this size? */
  had(size: number, root: Uint8Array): boolean {
    const known = this.#roots.get(size)
    return known !== undefined && Buffer.compare(known, root) === 0
  }

  #fold(): Uint8Array {
    const [last, ...before] = this.#peaks.toReversed()
    return last === undefined ? sha256() : before.reduce((right, left) => pairOf(left.hash, right), last.hash)
  }
}

/** The hash of one full subtree: of a power of two leaves. */
export function subtreeOf(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves
  if (first === undefined) throw new RangeError('a subtree has at least one leaf')
  if (leaves.length === 1) return first
  const half = leaves.length / 2
  return pairOf(subtreeOf(leaves.slice(0, half)), subtreeOf(leaves.slice(half)))
}
