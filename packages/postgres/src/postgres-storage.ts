import { randomUUID } from 'node:crypto'
import { Fault } from '@portcullis/core'
import type { Standing, Storage, TenantDoor } from '@portcullis/core/ports'
import pg from 'pg'
import { numbers } from './batch.ts'
import type { Door } from './door.ts'
import { ledgerOf } from './ledger.ts'
import { logOf } from './log.ts'
import { sqlName } from './names.ts'
import { Place } from './place.ts'
import { readStanding, standingOf, type StandingText } from './standing.ts'
import { tenantKey } from './tenant-key.ts'

export interface PostgresOptions {
  /** As `pg` takes it. The user is the application's role or a member of it, never the owner of the tables. */
  readonly connection: pg.PoolConfig
  readonly schema?: string
  readonly role?: string
  /** For tests alone: the time in ms instead of the database's. */
  readonly now?: () => number
}

export function postgresStorage(options: PostgresOptions): Storage {
  return new PostgresStorage(options)
}

class PostgresStorage implements Storage {
  readonly #place: Place
  readonly #owner = randomUUID()
  readonly #now: () => number | null
  #closed = false

  constructor({ connection, schema = 'portcullis', role = 'portcullis_app', now }: PostgresOptions) {
    const pool = new pg.Pool({ query_timeout: 15_000, statement_timeout: 10_000, connectionTimeoutMillis: 5_000, ...connection })
    pool.on('error', () => undefined)
    this.#place = new Place(pool, { schema, role, sqlSchema: sqlName(schema) })
    sqlName(role)
    this.#now = now ?? (() => null)
  }

  async tenant(id: string): Promise<TenantDoor> {
    if (this.#closed) throw new Fault('storage_closed', 'The storage is closed.')
    const door: Door = { place: this.#place, tenant: tenantKey(id), name: JSON.stringify(id), owner: this.#owner, now: this.#now }
    return { ledger: ledgerOf(door), log: logOf(door), ...standingOf(door) }
  }

  async changed(known: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, Standing>> {
    const ids = [...known.keys()]
    const answer = await this.#place.call('changed', [this.#place.role, ids.map(tenantKey), numbers([...known.values()])])
    return new Map((answer as [number, StandingText][]).map(([index, text]) => [ids[index] ?? '', readStanding(text)]))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#place.pool.end()
  }
}
