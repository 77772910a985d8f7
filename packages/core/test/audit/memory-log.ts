import { ed25519Key, type SigningKey } from '../../src/audit/ed25519.ts'
import { leafHash } from '../../src/audit/leaf.ts'
import type { Checkpoint, Log, LogRange, LogRecord, LogStep, TreeLevel } from '../../src/ports/log.ts'

/** The smallest honest `Log`. Its arrays are open, so that tests can play the dishonest operator. */
export class MemoryLog implements Log {
  records: LogRecord[] = []
  stored: Uint8Array[] = []
  tree: Record<TreeLevel, Uint8Array[]> = { 8: [], 16: [], 24: [] }
  checkpoints: Checkpoint[] = []
  reads = 0

  append(count: number, body: (seq: number) => object = () => ({ what: 'call', who: 'ann', note: 'é\n"' })): void {
    for (let left = count; left > 0; left--) {
      const seq = this.records.length
      const bytes = Buffer.from(JSON.stringify({ ...body(seq), seq, at: '2026-11-22T00:00:00.000Z' }))
      this.records.push({ seq, at: 1000 + seq, bytes })
      this.stored.push(leafHash(bytes))
    }
  }

  async size(): Promise<number> {
    return this.records.length
  }

  async read({ from, limit }: LogRange): Promise<readonly LogRecord[]> {
    return this.records.slice(from, from + limit)
  }

  async leaves({ from, limit }: LogRange): Promise<readonly Uint8Array[]> {
    this.reads++
    return this.stored.slice(from, from + limit)
  }

  async nodes(level: TreeLevel, { from, limit }: LogRange): Promise<readonly Uint8Array[]> {
    this.reads++
    return this.tree[level].slice(from, from + limit)
  }

  async latest(): Promise<Checkpoint | undefined> {
    return this.checkpoints.at(-1)
  }

  async integrate({ previous, checkpoint, nodes }: LogStep): Promise<boolean> {
    if ((this.checkpoints.at(-1)?.size ?? 0) !== previous) return false
    for (const { level, index, hash } of nodes) this.tree[level][index] = hash
    this.checkpoints.push(checkpoint)
    return true
  }
}

export const ORIGIN = 'portcullis.example/t-7f3a'
export const signingKey = (fill = 7): SigningKey => ed25519Key(Buffer.alloc(32, fill))
