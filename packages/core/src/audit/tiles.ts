import type { Log, TreeLevel } from '../ports/log.ts'
import { nodeHash } from './leaf.ts'
import { LogFault } from './log-fault.ts'

/** What the tree is computed from. */
export type TreeSource = Pick<Log, 'leaves' | 'nodes'>

/** One row holds 256 hashes of one level: 2^24 * 256 leaves are the most that the top level can name. */
const ROW = 256
export const MAX_SIZE = 2 ** 32

/**
 * Hashes of full, aligned subtrees of one log, read in rows of 256 that are kept for the life of this object.
 * A proof touches at most two rows a level, so make one per question and let it go.
 */
export class Tiles {
  readonly #source: TreeSource
  readonly #rows = new Map<string, readonly Uint8Array[]>()

  constructor(source: TreeSource) {
    this.#source = source
  }

  /** The hash of the `width` leaves from `start`; `width` is a power of two and divides `start`. */
  async subtree(start: number, width: number): Promise<Uint8Array> {
    const level = width < 2 ** 8 ? 0 : width < 2 ** 16 ? 8 : width < 2 ** 24 ? 16 : 24
    const unit = 2 ** level
    const first = start / unit
    const hashes: Uint8Array[] = []
    for (let index = first; index < first + width / unit; index++) hashes.push(await this.#hash(level, index))
    return foldFull(hashes)
  }

  async #hash(level: 0 | TreeLevel, index: number): Promise<Uint8Array> {
    const row = await this.#row(level, Math.floor(index / ROW))
    const stored = row[index % ROW]
    if (stored !== undefined) return checked(stored)
    if (level === 0) throw new LogFault('log_gap', `the leaf of record ${index} is missing`)
    // Not integrated yet: the same hash follows from its two halves, which are read from the level below.
    const half = 2 ** (level - 1)
    return nodeHash(await this.subtree(index * 2 ** level, half), await this.subtree(index * 2 ** level + half, half))
  }

  async #row(level: 0 | TreeLevel, number: number): Promise<readonly Uint8Array[]> {
    const key = `${level}/${number}`
    const known = this.#rows.get(key)
    if (known !== undefined) return known
    const range = { from: number * ROW, limit: ROW }
    const row = await (level === 0 ? this.#source.leaves(range) : this.#source.nodes(level, range))
    this.#rows.set(key, row)
    return row
  }
}

function checked(hash: Uint8Array): Uint8Array {
  if (!(hash instanceof Uint8Array) || hash.length !== 32) throw new LogFault('log_gap', 'a stored hash is not 32 bytes long')
  return hash
}

function foldFull(hashes: readonly Uint8Array[]): Uint8Array {
  const [first] = hashes
  if (first === undefined) throw new RangeError('a subtree has at least one leaf')
  if (hashes.length === 1) return first
  const half = hashes.length / 2
  return nodeHash(foldFull(hashes.slice(0, half)), foldFull(hashes.slice(half)))
}
