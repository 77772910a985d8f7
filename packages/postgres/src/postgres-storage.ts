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
import { Places, type Destination, type Placement } from './places.ts'
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
  /** Told of connections that break while nobody uses them, and of places that cannot say what has changed. */
  readonly onFault?: (fault: unknown) => void
  /** The time in ms instead of the database's own. For tests alone: processes whose clocks differ would not agree. */
  readonly now?: () => number
}

/** Tenants in one question. */
const ASKED = 1_000
/** How long all places together may take to say what has changed there (ms): less than who asks waits for it. */
const PATIENCE = 3_000
/** Databases of single tenants that are asked at the same time: most of them are opened for it, and closed again. */
const LANES = 8

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
  readonly #lanes: number
  /** Places that were not asked last time, because time was up: first next time. */
  readonly #left = new WeakSet<Place>()
  #closed = false

  constructor({ connection, schema = 'portcullis', role = 'portcullis_app', place, databases = 64, onFault = () => undefined, now }: PostgresOptions) {
    this.#onFault = (fault) => {
      try {
        onFault(fault)
      } catch {
        // who is told decides nothing
      }
    }
    this.#places = new Places({ connection, schema, role, place, most: databases, onFault: this.#onFault })
    this.#lanes = Math.max(1, Math.min(LANES, databases))
    this.#now = now ?? (() => null)
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
    const asked = new Map<Place, Asked>()
    const changed = new Map<string, Standing | 'unknown'>()
    for (const id of known.keys()) {
      try {
        const destination = this.#places.of(id, false)
        const there = asked.get(destination.place)
        if (there === undefined) asked.set(destination.place, { destination, ids: [id] })
        else there.ids.push(id)
      } catch (fault) {
        this.#onFault(fault)
        changed.set(id, 'unknown')
      }
    }
    const until = performance.now() + PATIENCE
    const all = [...asked.values()]
    const open = all.filter(({ destination }) => destination.database === undefined)
    const others = all.filter(({ destination }) => destination.database !== undefined)
      .toSorted((a, b) => Number(this.#left.has(b.destination.place)) - Number(this.#left.has(a.destination.place)))
    const lane = async (): Promise<void> => {
      for (let next = others.shift(); next !== undefined; next = others.shift()) await this.#ask(next, until, known, changed)
    }
    await Promise.all([...open.map((one) => this.#ask(one, until, known, changed)), ...Array.from({ length: this.#lanes }, lane)])
    return changed
  }

  /** A place that does not answer leaves its own tenants in the dark, and nobody else's. */
  async #ask({ destination: { place, database }, ids }: Asked, until: number, known: ReadonlyMap<string, number>, changed: Map<string, Standing | 'unknown'>): Promise<void> {
    const left = until - performance.now()
    if (left <= 0) {
      this.#left.add(place)
      for (const id of ids) changed.set(id, 'unknown')
      return
    }
    this.#left.delete(place)
    const late = new AbortController()
    const answer = ask(place, ids, known).catch((fault: unknown) => {
      this.#onFault(fault)
      return undefined
    }).finally(() => {
      if (database !== undefined) this.#places.trim()
    })
    const standings = await Promise.race([answer, setTimeout(left, undefined, { signal: late.signal, ref: false }).catch(() => undefined)])
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

/** One place and the tenants there that are asked about. */
interface Asked {
  readonly destination: Destination
  readonly ids: string[]
}

async function ask(place: Place, all: readonly string[], known: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, Standing>> {
  const changed = new Map<string, Standing>()
  for (let from = 0; from < all.length; from += ASKED) {
    const ids = all.slice(from, from + ASKED)
    const answer = await place.call('changed', [place.role, ids.map(tenantKey), numbers(ids.map((id) => known.get(id) ?? 0))])
    for (const [index, text] of answer as [number, StandingText][]) {
      const id = ids[index]
      if (id !== undefined) changed.set(id, readStanding(text))
    }
  }
  return changed
}
