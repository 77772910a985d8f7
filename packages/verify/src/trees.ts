import { flawOfRecord, TILE, type Header } from './format.ts'
import { Frontier, leafOf, subtreeOf } from './frontier.ts'
import type { SignedRoot } from './note.ts'
import type { Problem, Progress } from './verdict.ts'

const ALTERED = 'not the one that was logged at this place: it was altered, removed, moved, doubled or inserted.'

/** Two trees over the same records: one of what stands in the file, one of the stored tree's own hashes. The signed root tells which is right. */
export class Trees {
  readonly #covered: number
  readonly #records: Frontier
  readonly #tiles: Frontier
  #brokenTile: number | undefined
  /** The first record that disagrees with the file's own list, or with its own position. */
  first: Problem | undefined

  constructor({ covered }: Header, pinnedSize: number) {
    this.#covered = covered
    this.#records = new Frontier([covered, pinnedSize])
    this.#tiles = new Frontier([covered])
  }

  addTile(index: number, leaves: readonly Buffer[], hash: Buffer | undefined): void {
    if (hash === undefined) {
      for (const leaf of leaves.slice(0, Math.max(0, this.#covered - index * TILE))) this.#tiles.add(leaf)
      return
    }
    this.#tiles.add(hash, TILE)
    if (!hash.equals(subtreeOf(leaves))) this.#brokenTile ??= index * TILE
  }

  addRecord(seq: number, bytes: Buffer, listed: Buffer): void {
    const leaf = leafOf(bytes)
    this.#records.add(leaf)
    if (this.first !== undefined) return
    if (!leaf.equals(listed)) {
      this.first = { code: 'record_altered', record: seq, message: `Record ${seq} is ${ALTERED}` }
      return
    }
    const flaw = flawOfRecord(bytes, seq)
    if (flaw === 'record_malformed') this.first = { code: flaw, record: seq, message: `Record ${seq} is not a JSON object.` }
    if (flaw === 'record_out_of_sequence') {
      this.first = { code: flaw, record: seq, message: `The record at place ${seq} does not say that this is its seq.` }
    }
  }

  /** What is wrong, once everything was added; sets how much is covered. */
  judge(header: Header, own: SignedRoot | undefined, pinned: SignedRoot | undefined, progress: Progress): Problem | undefined {
    if ((own?.size ?? 0) !== header.covered) {
      return this.first ?? { code: 'header_altered', message: 'The header names another checkpoint size than the checkpoint.' }
    }
    const bound = own !== undefined && this.#records.had(own.size, own.root)
    const kept = pinned !== undefined && this.#records.had(pinned.size, pinned.root)
    progress.covered = Math.max(bound ? own.size : 0, kept ? pinned.size : 0)

    if (this.first !== undefined) return this.#judgeFirst(this.first, progress.covered)
    if (own !== undefined && !bound) return this.#locate(own)
    if (this.#brokenTile !== undefined) return tileAltered(this.#brokenTile)
    if (pinned !== undefined && pinned.size > header.size) {
      const message = `The pinned checkpoint covers ${pinned.size} records; those from record ${header.size} on are missing.`
      return { code: 'tail_cut', record: header.size, message }
    }
    if (pinned !== undefined && !kept) {
      return { code: 'history_forked', message: `The first ${pinned.size} records are not those of the pinned checkpoint: this is another history.` }
    }
    if (own !== undefined || pinned !== undefined) return undefined
    return { code: 'checkpoint_missing', message: 'The log has no checkpoint, so nothing binds its records.' }
  }

  /** If the records have the signed root after all, it is the list beside them that was altered. */
  #judgeFirst(first: Problem, covered: number): Problem {
    return first.code === 'record_altered' && first.record !== undefined && first.record < covered ? tileAltered(first.record) : first
  }

  /** Every record has its listed hash, but the list as a whole is not what was signed. */
  #locate(own: SignedRoot): Problem {
    if (this.#brokenTile !== undefined && this.#tiles.had(own.size, own.root)) {
      const from = this.#brokenTile
      const message = `Among records ${from} to ${from + TILE - 1} at least one is not the one that was signed; those before them are whole.`
      return { code: 'records_replaced', record: from, message }
    }
    return { code: 'root_mismatch', message: `The first ${own.size} records are not the ones that were signed.` }
  }
}

function tileAltered(record: number): Problem {
  const message = `The records are whole, but the hash that the file lists for record ${record}, or for the tile that begins there, was altered.`
  return { code: 'tile_altered', record, message }
}
