import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Fault } from '@portcullis/core'
import { leafHash, type Checkpoint, type LogRange, type LogRecord, type LogStep, type TreeLevel } from '@portcullis/core/ports'

/** The log in one tenant's file: exact bytes in order, each with its leaf. */
export class TenantRecords {
  readonly #append: StatementSync
  readonly #count: StatementSync
  readonly #database: DatabaseSync
  #size = 0

  constructor(database: DatabaseSync, path: string) {
    this.#database = database
    this.#append = database.prepare('INSERT INTO record (seq, at, leaf, bytes) VALUES (?, ?, ?, ?)')
    this.#count = database.prepare('SELECT coalesce(max(seq) + 1, 0) AS size FROM record')
    this.recount()
    const [last] = this.read({ from: this.#size - 1, limit: 1 })
    const [leaf] = this.leaves({ from: this.#size - 1, limit: 1 })
    if (last !== undefined && leaf !== undefined && Buffer.compare(leafHash(last.bytes), leaf) !== 0) {
      throw new Fault('storage_corrupt', `The file ${path} is damaged, its last record does not fit its hash: move it away and restore it from a backup.`)
    }
  }

  get size(): number {
    return this.#size
  }

  append(at: number, bytes: Uint8Array): number {
    const seq = this.#size
    this.#append.run(seq, at, leafHash(bytes), bytes)
    this.#size = seq + 1
    return seq
  }

  /** After a rollback: what is there counts. */
  recount(): void {
    this.#size = Number(this.#count.get()?.['size'])
  }

  read({ from, limit }: LogRange): LogRecord[] {
    return this.#rows('SELECT seq, at, bytes FROM record WHERE seq >= ? AND seq < ? ORDER BY seq', from, limit) as unknown as LogRecord[]
  }

  leaves({ from, limit }: LogRange): Uint8Array[] {
    return this.#rows('SELECT leaf FROM record WHERE seq >= ? AND seq < ? ORDER BY seq', from, limit).map(({ leaf }) => leaf as Uint8Array)
  }

  nodes(level: TreeLevel, { from, limit }: LogRange): Uint8Array[] {
    const rows = this.#database.prepare('SELECT hash FROM node WHERE level = ? AND place >= ? AND place < ? ORDER BY place').all(level, from, from + limit)
    return rows.map(({ hash }) => hash as Uint8Array)
  }

  latest(): Checkpoint | undefined {
    return this.#database.prepare('SELECT size, root, note, at FROM checkpoint ORDER BY size DESC LIMIT 1').get() as unknown as Checkpoint | undefined
  }

  /** Within the caller's transaction. */
  integrate({ previous, checkpoint, nodes }: LogStep): boolean {
    if ((this.latest()?.size ?? 0) !== previous || checkpoint.size <= previous || checkpoint.size > this.#size) return false
    const node = this.#database.prepare('INSERT OR REPLACE INTO node (level, place, hash) VALUES (?, ?, ?)')
    for (const { level, index, hash } of nodes) node.run(level, index, hash)
    const { size, root, note, at } = checkpoint
    this.#database.prepare('INSERT OR REPLACE INTO checkpoint (size, root, note, at) VALUES (?, ?, ?, ?)').run(size, root, note, at)
    return true
  }

  #rows(sql: string, from: number, limit: number): Record<string, unknown>[] {
    return this.#database.prepare(sql).all(from, from + limit)
  }
}
