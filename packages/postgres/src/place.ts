import { Fault } from '@portcullis/core'
import type pg from 'pg'
import type { Connections } from './connections.ts'
import { sqlName } from './names.ts'
import { assertPostureOf } from './posture.ts'
import { itemFault, storageFault } from './storage-fault.ts'

/** How a schema and the application's role are called. */
export interface Names {
  readonly schema: string
  readonly role: string
}

/** Where tenants' data is: connections, a schema and a role. Nothing is asked there before its posture was found right. */
export class Place {
  readonly schema: string
  readonly role: string
  /** Quoted. */
  readonly sqlSchema: string
  readonly #connections: Connections
  #ready: Promise<void> | undefined
  /** Of the connections that were judged. */
  #generation: number | undefined

  constructor(connections: Connections, { schema, role }: Names) {
    this.#connections = connections
    this.schema = schema
    this.sqlSchema = sqlName(schema)
    this.role = role
    sqlName(role)
  }

  /** Judged once, and again after a failure and when connections are made in another way. */
  ready(): Promise<void> {
    if (this.#ready !== undefined && this.#generation === this.#connections.generation) return this.#ready
    this.#generation = this.#connections.generation
    const ready = this.#with((client) => assertPostureOf(client, this))
    this.#ready = ready
    ready.catch(() => {
      if (this.#ready === ready) this.#ready = undefined
    })
    return ready
  }

  /** Connections to it at the same time: as many as `pg` makes, until it is asked for the first one. */
  get size(): number {
    return this.#connections.isOpen ? this.#connections.pool.options.max : 10
  }

  /** Calls a function of the schema as one statement, which commits by itself. Answers the JSON it gives. */
  async call(name: string, values: readonly unknown[]): Promise<unknown> {
    try {
      return await this.apply(name, values)
    } catch (fault) {
      throw itemFault(fault)
    }
  }

  /** The same for a batch: an error that one item caused, or that it is too long, is thrown as it came, for the queue to send the batch in halves. */
  async apply(name: string, values: readonly unknown[]): Promise<unknown> {
    // Connections that were replaced while they were judged are others, and not judged.
    do await this.ready()
    while (this.#generation !== this.#connections.generation)
    const parameters = values.map((_, index) => `$${index + 1}`).join(', ')
    const text = `select ${this.sqlSchema}.${name}(${parameters}) as answer`
    let rows: readonly { readonly answer: string | null }[]
    try {
      rows = (await this.#connections.pool.query<{ answer: string | null }>({ name: `${name} ${this.schema}`, text, values: [...values] })).rows
    } catch (cause) {
      throw storageFault(cause)
    }
    const [row] = rows
    if (row === undefined) throw new Fault('storage_failed', 'PostgreSQL gave no answer.')
    return row.answer === null ? undefined : readAnswer(row.answer)
  }

  /** Runs in one transaction as this tenant with the application's rights. What it answers is committed. */
  async transaction<T>(tenant: string, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    do await this.ready()
    while (this.#generation !== this.#connections.generation)
    return this.#with(async (client) => {
      await client.query('begin')
      // Whoever waits for a lock keeps a connection.
      await client.query({ name: `enter ${this.schema}`, text: `select pg_catalog.set_config('lock_timeout', '2s', true), ${this.sqlSchema}.enter($1, $2)`, values: [tenant, this.role] })
      const answer = await work(client)
      // COMMIT of a transaction that failed succeeds, and says ROLLBACK.
      const { command } = await client.query('commit')
      if (command !== 'COMMIT') throw new Fault('storage_failed', 'PostgreSQL rolled back instead of committing.')
      return answer
    })
  }

  /** A connection on which something failed is not used again: whatever transaction it had ends with it. */
  async #with<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined
    let broken = true
    try {
      client = await this.#connections.pool.connect()
      const answer = await work(client)
      broken = false
      return answer
    } catch (cause) {
      throw itemFault(storageFault(cause))
    } finally {
      client?.release(broken)
    }
  }
}

/** The statement has been committed by now: nothing may be sent a second time. */
function readAnswer(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new Fault('storage_failed', 'PostgreSQL gave an answer that is not JSON.', { cause })
  }
}
