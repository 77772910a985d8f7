import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { Fault } from '@portcullis/core'
import type { Standing, Storage, TenantDoor } from '@portcullis/core/ports'
import type pg from 'pg'
import { numbers } from './batch.ts'
import type { Door } from './door.ts'
import { HeldDoors } from './doors.ts'
import { ledgerOf } from './ledger.ts'
import { logOf } from './log.ts'
import type { Place } from './place.ts'
import { Places, type Placement } from './places.ts'
import { readStanding, standingOf, type StandingText } from './standing.ts'
import { tenantKey } from './tenant-key.ts'

export interface PostgresOptions {
  /** As `pg` takes it. The user is the application's role or a member of it, and neither owner of the tables nor superuser. */
  readonly connection: pg.PoolConfig
  /** As it was given to `migrate`: `portcullis` unless said otherwise. */
  readonly schema?: string
  /** As it was given to `migrate`: `portcullis_app` unless said otherwise. */
  readonly role?: string
  /** Where a tenant's data is, if it is not with everybody's. Each schema and database named here has been migrated. */
  readonly place?: (tenant: string) => Placement | undefined
  /** Databases of `place` that are kept open at the same time, 64 unless said otherwise. */
  readonly databases?: number
  /** Told of connections that break while nobody uses them. */
  readonly onFault?: (fault: unknown) => void
  /** The time in ms instead of the database's own. For tests alone: processes whose clocks differ would not agree. */
  readonly now?: () => number
}

/** Tenants in one question. */
const ASKED = 1_000
/** How long one place may take to say what has changed there (ms): less than the others wait for it. */
const PATIENCE = 3_000

/**
 * Durable storage on PostgreSQL 15 or newer, for any number of processes. What a verb has answered is committed. Before anything else, the
 * database's posture is judged (`assertPosture`).
 * @throws Fault `storage_name_invalid`. Doors reject with `storage_posture`, `storage_missing`, `storage_newer`, `storage_unreachable`,
 * `storage_timeout`, `storage_full`, `storage_overloaded`, `storage_forbidden`, `storage_read_only`, `storage_failed`, `storage_closed`,
 * `tenant_id_invalid`.
 */
export function postgresStorage(options: PostgresOptions): Storage {
  return new PostgresStorage(options)
}

class PostgresStorage implements Storage {
  readonly #places: Places
  readonly #doors = new HeldDoors()
  readonly #owner = randomUUID()
  readonly #now: () => number | null
  readonly #onFault: (fault: unknown) => void
  #closed = false

  constructor({ connection, schema = 'portcullis', role = 'portcullis_app', place, databases = 64, onFault = () => undefined, now }: PostgresOptions) {
    this.#places = new Places({ connection, schema, role, place, most: databases, onFault })
    this.#now = now ?? (() => null)
    this.#onFault = onFault
  }

  async tenant(id: string): Promise<TenantDoor> {
    if (this.#closed) throw new Fault('storage_closed', 'The storage is closed.')
    const tenant = tenantKey(id)
    const destination = this.#places.of(id)
    await destination.place.ready()
    return this.#doors.get(tenant, () => {
      const door: Door = { ...destination, tenant, name: JSON.stringify(id), owner: this.#owner, now: this.#now }
      return { ledger: ledgerOf(door), log: logOf(door), ...standingOf(door) }
    })
  }

  async changed(known: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, Standing | 'unknown'>> {
    const asked = new Map<Place, string[]>()
    for (const id of known.keys()) {
      const { place } = this.#places.of(id)
      const ids = asked.get(place)
      if (ids === undefined) asked.set(place, [id])
      else ids.push(id)
    }
    const changed = new Map<string, Standing | 'unknown'>()
    await Promise.all([...asked].map(async ([place, ids]) => {
      for (let from = 0; from < ids.length; from += ASKED) await this.#ask(place, ids.slice(from, from + ASKED), known, changed)
    }))
    return changed
  }

  /** A place that does not answer leaves its own tenants in the dark, and nobody else's. */
  async #ask(place: Place, ids: readonly string[], known: ReadonlyMap<string, number>, changed: Map<string, Standing | 'unknown'>): Promise<void> {
    const late = new AbortController()
    const answer = ask(place, ids, known).catch((fault: unknown) => {
      this.#onFault(fault)
      return undefined
    })
    const standings = await Promise.race([answer, setTimeout(PATIENCE, undefined, { signal: late.signal, ref: false }).catch(() => undefined)])
    late.abort()
    for (const id of standings === undefined ? ids : standings.keys()) changed.set(id, standings?.get(id) ?? 'unknown')
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#doors.clear()
    await this.#places.close()
  }
}

async function ask(place: Place, ids: readonly string[], known: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, Standing>> {
  const changed = new Map<string, Standing>()
  const answer = await place.call('changed', [place.role, ids.map(tenantKey), numbers(ids.map((id) => known.get(id) ?? 0))])
  for (const [index, text] of answer as [number, StandingText][]) {
    const id = ids[index]
    if (id !== undefined) changed.set(id, readStanding(text))
  }
  return changed
}
