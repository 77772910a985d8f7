import { Fault } from '@portcullis/core'
import pg from 'pg'

/** What a connection gets unless the embedder says otherwise (ms): a lost server must not hold callers for ever. */
const PATIENCE = { connectionTimeoutMillis: 5_000, statement_timeout: 10_000, query_timeout: 15_000, idle_in_transaction_session_timeout: 15_000 } as const

/** The connections to one database, opened when somebody needs them. */
export class Connections {
  readonly #config: pg.PoolConfig
  readonly #onFault: (fault: unknown) => void
  #pool: pg.Pool | undefined
  #ended = false

  constructor(config: pg.PoolConfig, onFault: (fault: unknown) => void) {
    this.#config = config
    this.#onFault = onFault
  }

  /** @throws Fault `storage_closed` */
  get pool(): pg.Pool {
    if (this.#ended) throw new Fault('storage_closed', 'The storage is closed.')
    if (this.#pool === undefined) {
      this.#pool = new pg.Pool({ keepAlive: true, ...PATIENCE, ...this.#config })
      this.#pool.on('error', this.#onFault) // an idle connection broke; without a listener, the process would
      this.#pool.on('connect', (client) => client.on('error', () => undefined)) // one in use too: what is asked on it next says so
    }
    return this.#pool
  }

  /** Whether somebody waits for an answer. */
  get busy(): boolean {
    return this.#pool !== undefined && this.#pool.totalCount - this.#pool.idleCount + this.#pool.waitingCount > 0
  }

  get isOpen(): boolean {
    return this.#pool !== undefined
  }

  /** For good. */
  end(): Promise<void> {
    this.#ended = true
    return this.close()
  }

  /** The next use opens them again. */
  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    await pool?.end()
  }
}
