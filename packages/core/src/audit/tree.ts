import { emptyRoot, nodeHash } from './leaf.ts'
import { LogFault } from './log-fault.ts'
import { MAX_SIZE, Tiles, type TreeSource } from './tiles.ts'

/** The RFC 9162 §2.1.1 root of the first `size` leaves. */
export async function treeRoot(source: TreeSource, size: number): Promise<Uint8Array> {
  checkSize(size)
  return size === 0 ? emptyRoot() : range(new Tiles(source), 0, size)
}

/** RFC 9162 §2.1.3.1: the hashes that lead from leaf `index` to the root of the first `size` leaves, lowest first. */
export async function inclusionProof(source: TreeSource, index: number, size: number): Promise<readonly Uint8Array[]> {
  checkSize(size)
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new RangeError('the record is not among the first `size` records')
  const tiles = new Tiles(source)
  const proof: Uint8Array[] = []
  let start = 0
  let width = size
  while (width > 1) {
    const left = largestPowerBelow(width)
    if (index < start + left) {
      proof.push(await range(tiles, start + left, width - left))
      width = left
    } else {
      proof.push(await tiles.subtree(start, left))
      start += left
      width -= left
    }
  }
  return proof.reverse()
}

/** RFC 9162 §2.1.4.1: the hashes that show that the first `from` leaves begin the first `to` leaves. Empty if `from` is 0 or equals `to`. */
export async function consistencyProof(source: TreeSource, from: number, to: number): Promise<readonly Uint8Array[]> {
  checkSize(from)
  checkSize(to)
  if (from > to) throw new RangeError('the earlier size is larger than the later one')
  if (from === 0 || from === to) return []
  const tiles = new Tiles(source)
  const proof: Uint8Array[] = []
  let start = 0
  let width = to
  while (start + width !== from) {
    const left = largestPowerBelow(width)
    if (from <= start + left) {
      proof.push(await range(tiles, start + left, width - left))
      width = left
    } else {
      proof.push(await tiles.subtree(start, left))
      start += left
      width -= left
    }
  }
  // A subtree from the very left is the earlier root itself, which the verifier already has.
  if (start > 0) proof.push(await range(tiles, start, width))
  return proof.reverse()
}

async function range(tiles: Tiles, start: number, width: number): Promise<Uint8Array> {
  const left = largestPowerBelow(width)
  if (left * 2 === width || width === 1) return tiles.subtree(start, width)
  return nodeHash(await tiles.subtree(start, left), await range(tiles, start + left, width - left))
}

/** The largest power of two smaller than `width`; no bit operators, they end at 2^31. */
function largestPowerBelow(width: number): number {
  let power = 1
  while (power * 2 < width) power *= 2
  return power
}

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('a tree size is a whole number')
  if (size > MAX_SIZE) throw new LogFault('log_too_large', 'a log holds 2^32 records at most')
}
