import { leafHash } from '../audit/leaf.ts'
import { assertRange } from '../ledger/range.ts'
import type { Checkpoint, Log, LogRange, LogRecord, TreeLevel } from '../ports/log.ts'

function cut<T>(items: readonly T[], range: LogRange): T[] {
  assertRange(range)
  return items.slice(range.from, range.from + range.limit)
}

/** One tenant's log in memory: the reference that other adapters are compared with. */
export class MemoryLog implements Log {
  readonly #records: LogRecord[] = []
  readonly #leaves: Uint8Array[] = []
  readonly #nodes = new Map<TreeLevel, Uint8Array[]>()
  #latest: Checkpoint | undefined

  /** Answers the place of the record. */
  append(at: number, bytes: Uint8Array): number {
    const seq = this.#records.length
    this.#records.push({ seq, at, bytes })
    this.#leaves.push(leafHash(bytes))
    return seq
  }

  /** Undoes what was appended since the log had this length: for a transaction that failed. */
  shrink(length: number): void {
    this.#records.length = length
    this.#leaves.length = length
  }

  get length(): number {
    return this.#records.length
  }

  size: Log['size'] = async () => this.#records.length
  read: Log['read'] = async (range) => cut(this.#records, range)
  leaves: Log['leaves'] = async (range) => cut(this.#leaves, range)
  nodes: Log['nodes'] = async (level, range) => cut(this.#nodes.get(level) ?? [], range)
  latest: Log['latest'] = async () => this.#latest

  integrate: Log['integrate'] = async ({ previous, checkpoint, nodes }) => {
    if ((this.#latest?.size ?? 0) !== previous || checkpoint.size <= previous || checkpoint.size > this.#records.length) return false
    for (const { level, index, hash } of nodes) {
      const row = this.#nodes.get(level) ?? []
      row[index] = hash
      this.#nodes.set(level, row)
    }
    this.#latest = checkpoint
    return true
  }
}
