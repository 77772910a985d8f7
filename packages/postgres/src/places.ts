import type pg from 'pg'
import { Connections } from './connections.ts'
import { Gatherer } from './gatherer.ts'
import { Place, type Names } from './place.ts'

/**
 * Where one tenant's data is, if it is not with everybody's: a schema of its own that only its role may enter (siloed), or a database of its
 * own (dedicated). Row-level security is on there too.
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
}

/** Places that are known, and the databases that are open. */
export class Places {
  readonly #options: PlacesOptions
  readonly #shared: Connections
  readonly #pooled: Required<Destination>
  /** By address, and those in one database by schema and role; the one used last is at the end. */
  readonly #databases = new Map<string, Connections>()
  readonly #own = new Map<string, Destination>()

  constructor(options: PlacesOptions) {
    this.#options = options
    this.#shared = new Connections(options.connection, options.onFault)
    const place = new Place(this.#shared, options)
    this.#pooled = { place, gatherer: new Gatherer(place) }
  }

  /** @throws Fault `storage_name_invalid` */
  of(tenant: string): Destination {
    const placement = this.#options.place?.(tenant)
    if (placement === undefined) return this.#pooled
    const { schema = this.#options.schema, role = this.#options.role } = placement
    const address = 'connection' in placement ? addressOf(placement.connection) : ''
    const connections = 'connection' in placement ? this.#database(address, placement.connection) : this.#shared
    const key = JSON.stringify([address, schema, role])
    const known = this.#own.get(key) ?? { place: new Place(connections, { schema, role }) }
    touch(this.#own, key, known)
    for (const oldest of this.#own.keys()) {
      if (this.#own.size <= 1_000) break
      this.#own.delete(oldest) // its doors keep it; a new one is judged again
    }
    return known
  }

  async close(): Promise<void> {
    await Promise.all([this.#shared, ...this.#databases.values()].map((connections) => connections.end()))
  }

  #database(address: string, config: pg.PoolConfig): Connections {
    const connections = this.#databases.get(address) ?? new Connections(config, this.#options.onFault)
    touch(this.#databases, address, connections)
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

const addressOf = ({ connectionString, host, port, database, user }: pg.PoolConfig): string => JSON.stringify([connectionString, host, port, database, user])
