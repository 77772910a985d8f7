import type { TreeLevel, TreeNode } from '../ports/log.ts'
import { emptyRoot, nodeHash } from './leaf.ts'
import { LogFault } from './log-fault.ts'
import { MAX_SIZE, type Tiles } from './tiles.ts'

/** The full subtrees that make up a tree of some size, largest first: all that is needed to go on from there (at most 32 hashes). */
export class Frontier {
  readonly #peaks: { readonly width: number; readonly hash: Uint8Array }[] = []
  #size = 0

  /** The frontier that a stored log has at `size`. */
  static async at(tiles: Tiles, size: number): Promise<Frontier> {
    const frontier = new Frontier()
    for (let width = MAX_SIZE; width >= 1; width /= 2) {
      if (size - frontier.#size < width) continue
      frontier.#peaks.push({ width, hash: await tiles.subtree(frontier.#size, width) })
      frontier.#size += width
    }
    return frontier
  }

  get size(): number {
    return this.#size
  }

  /** Adds the next leaf hash and tells which subtrees of 256, 65,536 and 2^24 leaves it completed. */
  add(leaf: Uint8Array): readonly TreeNode[] {
    if (this.#size >= MAX_SIZE) throw new LogFault('log_too_large', 'a log holds 2^32 records at most')
    this.#size++
    const completed: TreeNode[] = []
    let top = { width: 1, hash: leaf }
    for (let left = this.#peaks.at(-1); left?.width === top.width; left = this.#peaks.at(-1)) {
      this.#peaks.pop()
      top = { width: top.width * 2, hash: nodeHash(left.hash, top.hash) }
      const level = storedLevel(top.width)
      if (level !== undefined) completed.push({ level, index: this.#size / top.width - 1, hash: top.hash })
    }
    this.#peaks.push(top)
    return completed
  }

  /** The RFC 9162 root of everything added so far. */
  root(): Uint8Array {
    const [last, ...before] = this.#peaks.toReversed()
    if (last === undefined) return emptyRoot()
    return before.reduce((right, left) => nodeHash(left.hash, right), last.hash)
  }
}

function storedLevel(width: number): TreeLevel | undefined {
  return width === 2 ** 8 ? 8 : width === 2 ** 16 ? 16 : width === 2 ** 24 ? 24 : undefined
}
