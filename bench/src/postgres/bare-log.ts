import pg from 'pg'
import type { Connection } from '../../../test-support/postgres-server.ts'

/** What one would write without us: inserts of the same bytes over one connection, no row-level security, no hash, no head, no decision. */
export class BareLog {
  readonly #pool: pg.Pool
  #seq = 0

  constructor(connection: Connection) {
    this.#pool = new pg.Pool({ ...connection, keepAlive: true, max: 1 })
  }

  /** Its process. */
  async backend(): Promise<number> {
    const { rows: [row] } = await this.#pool.query<{ pid: number }>('select pg_backend_pid() as pid')
    return row?.pid ?? Number.NaN
  }

  /** Batches of so many records, one commit each, one after the other. */
  async append(records: readonly Buffer[], size: number): Promise<void> {
    for (let from = 0; from < records.length; from += size) {
      const batch = records.slice(from, from + size)
      await this.#pool.query({
        name: 'bare', text: 'insert into bare (seq, at, record) select $1::bigint + place, $2, record from unnest($3::bytea[]) with ordinality as t(record, place)',
        values: [this.#seq, Date.now(), batch],
      })
      this.#seq += batch.length
    }
  }

  /** One record a commit for so long. Answers how long each took (ms). */
  async commits(record: Buffer, forMs: number): Promise<readonly number[]> {
    const took: number[] = []
    const end = performance.now() + forMs
    for (let now = performance.now(); now < end;) {
      await this.#pool.query({ name: 'single', text: 'insert into single (seq, at, record) values ($1, $2, $3)', values: [this.#seq++, Date.now(), record] })
      const then = performance.now()
      took.push(then - now)
      now = then
    }
    return took
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }
}
