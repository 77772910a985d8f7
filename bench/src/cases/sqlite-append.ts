import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteStorage } from '@portcullis/sqlite'
import { figure, median, type Figure } from '../measure.ts'

const RECORDS = 12_800
const CALLERS = 256
const ROUNDS = 5
const BODY = JSON.stringify({ v: 1, kind: 'bench', filler: 'x'.repeat(440) }).slice(0, -1)

/** Durable appends through the ledger by 256 callers, against bare inserts of the same bytes in as many transactions, WAL and FULL both; interleaved. */
export async function sqliteAppend(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
  const storage = sqliteStorage(join(folder, 'ledger'))
  const bare = openBare(join(folder, 'bare.db'))
  try {
    const { ledger, log } = await storage.tenant('northwind')
    const append = async (): Promise<void> => {
      const caller = async (): Promise<void> => {
        for (let index = 0; index < RECORDS / CALLERS; index++) await ledger.note({ kind: 'note', body: BODY })
      }
      await Promise.all(Array.from({ length: CALLERS }, caller))
    }
    await append()
    const sample = (await log.read({ from: 0, limit: RECORDS })).map(({ bytes }) => bytes)
    bare.insert(sample)

    const [ours, theirs]: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await perSecond(append))
      theirs.push(await perSecond(async () => bare.insert(sample)))
    }
    const [value, baseline] = [median(ours), median(theirs)]
    return [figure('sqlite-append', 'records/s', value, baseline, '≥ 0.5 of bare', value / baseline >= 0.5)]
  } finally {
    bare.close()
    await storage.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function perSecond(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return RECORDS / ((performance.now() - start) / 1000)
}

function openBare(path: string): { readonly insert: (records: readonly Uint8Array[]) => void; readonly close: () => void } {
  const database = new DatabaseSync(path)
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma locking_mode = exclusive; create table log (seq integer primary key, at integer, bytes blob) strict')
  const statement = database.prepare('insert into log (at, bytes) values (?, ?)')
  return {
    insert(records) {
      for (let from = 0; from < records.length; from += CALLERS) {
        database.exec('begin immediate')
        for (const bytes of records.slice(from, from + CALLERS)) statement.run(0, bytes)
        database.exec('commit')
      }
    },
    close: () => database.close(),
  }
}
