import { Fault } from '@portcullis/core'
import type pg from 'pg'
import { Connections } from './connections.ts'
import { Gatherer } from './gatherer.ts'
import { Place, type Names } from './place.ts'

/**
 * Where one tenant's data is, if it is not with everybody's: a schema of its own that only its role may enter (siloed), or a database of its
 * own (dedicated). Row-level security is on there too. A connection that differs from the one given before for that tenant, in a password or in
 * TLS for instance, is used from then on; functions in it are compared by identity.
 */
export type Placement = Names | (Partial<Names> & { readonly connection: pg.PoolConfig })

export interface PlacesOptions extends Names {
  readonly connection: pg.PoolConfig
  readonly place: ((tenant: string) => Placement | undefined) | undefined
  readonly most: number
  readonly onFault: (fault: unknown) => void
}

/** Where to go for a tenant. `gatherer`: batches go together with those of other tenants. */
export interface Destination {
  readonly place: Place
  readonly gatherer?: Gatherer
  /** Of a database of its own. */
  readonly database?: Connections
}

/** Places that are known, and the databases that are open. */
export class Places {
  readonly #options: PlacesOptions
  readonly #shared: Connections
  readonly #pooled: Destination
  /** By tenant, and by schema and role as well; the one used last is at the end. */
  readonly #databases = new Map<string, Connections>()
  readonly #own = new Map<string, Destination>()

  constructor(options: PlacesOptions) {
    this.#options = options
    this.#shared = new Connections(options.connection, options.onFault)
    const place = new Place(this.#shared, options)
    this.#pooled = { place, gatherer: new Gatherer(place) }
  }

  /**
   * `inUse`: false if the tenant is not at work, and somebody only looks.
   * @throws Fault `storage_name_invalid`, and what `place` throws.
   */
  of(tenant: string, inUse = true): Destination {
    const placement = this.#options.place?.(tenant)
    if (placement === undefined) return this.#pooled
    const { schema = this.#options.schema, role = this.#options.role } = placement
    const database = 'connection' in placement ? this.#database(tenant, placement.connection, inUse) : undefined
    const key = JSON.stringify([database === undefined ? null : tenant, schema, role])
    const known = this.#own.get(key) ?? (database === undefined ? { place: new Place(this.#shared, { schema, role }) } : { place: new Place(database, { schema, role }), database })
    touch(this.#own, key, known)
    for (const oldest of this.#own.keys()) {
      if (this.#own.size <= 10_000) break
      this.#own.delete(oldest) // its doors keep it; a new one is judged again
    }
    return known
  }

  async close(): Promise<void> {
    await Promise.all([this.#shared, ...this.#databases.values()].map((connections) => connections.end()))
  }

  /** Closes what is open beyond the limit: who was at work last stays. */
  trim(): void {
    const open = [...this.#databases.values()].filter(({ isOpen }) => isOpen)
    for (const oldest of open.slice(0, Math.max(0, open.length - this.#options.most))) {
      if (!oldest.busy) void oldest.close().catch(this.#options.onFault)
    }
  }

  #database(tenant: string, config: pg.PoolConfig | undefined, inUse: boolean): Connections {
    if (typeof config !== 'object' || config === null) throw new Fault('storage_unreachable', 'The place of a tenant has a connection that says nothing.')
    const known = this.#databases.get(tenant)
    known?.use(config)
    if (known !== undefined && !inUse) return known
    const connections = known ?? new Connections(config, this.#options.onFault)
    touch(this.#databases, tenant, connections)
    const others = [...this.#databases.values()].filter((other) => other !== connections && other.isOpen)
    for (const other of others.slice(0, Math.max(0, others.length + 1 - this.#options.most))) {
      if (!other.busy) void other.close().catch(this.#options.onFault)
    }
    return connections
  }
}

function touch<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
}
