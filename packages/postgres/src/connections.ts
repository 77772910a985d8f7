import { setTimeout } from 'node:timers/promises'
import { Fault } from '@portcullis/core'
import pg from 'pg'
import { configPrint } from './config-print.ts'
import { faultOf } from './fault-of.ts'

/** What a connection gets unless the embedder says otherwise (ms): a lost server must not hold callers for ever. */
const PATIENCE = { connectionTimeoutMillis: 5_000, statement_timeout: 10_000, query_timeout: 15_000, idle_in_transaction_session_timeout: 15_000 } as const

/** The connections to one database, opened when somebody needs them. */
export class Connections {
  #config: pg.PoolConfig
  #print: string
  #generation = 0
  readonly #onFault: (fault: unknown) => void
  #pool: pg.Pool | undefined
  /** Of before the configuration changed, for those who waited for them. */
  readonly #former = new Set<pg.Pool>()
  #ended = false

  constructor(config: pg.PoolConfig, onFault: (fault: unknown) => void) {
    this.#config = config
    this.#print = configPrint(config)
    this.#onFault = onFault
  }

  /** @throws Fault `storage_closed` */
  get pool(): pg.Pool {
    if (this.#ended) throw new Fault('storage_closed', 'The storage is closed.')
    if (this.#pool === undefined) {
      this.#pool = new pg.Pool({ keepAlive: true, ...PATIENCE, ...this.#config })
      this.#pool.on('error', (cause) => this.#onFault(faultOf(cause))) // an idle connection broke; without a listener, the process would
      this.#pool.on('connect', (client) => client.on('error', () => undefined)) // one in use too: what is asked on it next says so
    }
    return this.#pool
  }

  /** Another one: what was found out about the database before may not hold any more. */
  get generation(): number {
    return this.#generation
  }

  /** Whether somebody waits for an answer. */
  get busy(): boolean {
    return this.#pool !== undefined && this.#pool.totalCount - this.#pool.idleCount + this.#pool.waitingCount > 0
  }

  get isOpen(): boolean {
    return this.#pool !== undefined
  }

  /** From now on, connects like this. Who waits for a connection as they were before still gets one. */
  use(config: pg.PoolConfig): void {
    const print = configPrint(config)
    if (print === this.#print) return
    const pool = this.#pool
    this.#config = config
    this.#print = print
    this.#generation += 1
    this.#pool = undefined
    if (pool === undefined) return
    this.#former.add(pool)
    void this.#drain(pool).catch((cause: unknown) => this.#onFault(faultOf(cause)))
  }

  /** For good. */
  async end(): Promise<void> {
    this.#ended = true
    const former = [...this.#former]
    this.#former.clear()
    await Promise.all([this.close(), ...former.map((pool) => pool.end())])
  }

  /** The next use opens them again. */
  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    await pool?.end()
  }

  async #drain(pool: pg.Pool): Promise<void> {
    while (pool.waitingCount > 0) await setTimeout(100, undefined, { ref: false }) // nothing tells when a waiter gives up
    if (this.#former.delete(pool)) await pool.end()
  }
}
