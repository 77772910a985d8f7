import { Fault } from '@portcullis/core'
import type pg from 'pg'
import { storageFault } from './storage-fault.ts'

/** Where a tenant's data is: connections, and by what names its schema and the application's role are known there. */
export class Place {
  readonly pool: pg.Pool
  readonly schema: string
  readonly role: string
  /** Quoted. */
  readonly sqlSchema: string

  constructor(pool: pg.Pool, names: { readonly schema: string; readonly role: string; readonly sqlSchema: string }) {
    this.pool = pool
    this.schema = names.schema
    this.role = names.role
    this.sqlSchema = names.sqlSchema
  }

  /** Calls a function of the schema as one statement, which commits by itself. Answers the JSON it gives. */
  async call(name: string, values: readonly unknown[]): Promise<unknown> {
    const parameters = values.map((_, index) => `$${index + 1}`).join(', ')
    const text = `select ${this.sqlSchema}.${name}(${parameters}) as answer`
    let rows: readonly { readonly answer: string | null }[]
    try {
      rows = (await this.pool.query<{ answer: string | null }>({ name: `${name} ${this.schema}`, text, values: [...values] })).rows
    } catch (cause) {
      throw storageFault(cause)
    }
    const [row] = rows
    if (row === undefined) throw new Fault('storage_failed', 'PostgreSQL gave no answer.')
    return row.answer === null ? undefined : (JSON.parse(row.answer) as unknown)
  }

  /** Runs in one transaction as this tenant with the application's rights. What it answers is committed. */
  async transaction<T>(tenant: string, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined
    let broken: Error | undefined
    try {
      client = await this.pool.connect()
      await client.query('begin')
      await client.query({ name: `enter ${this.schema}`, text: `select ${this.sqlSchema}.enter($1, $2)`, values: [tenant, this.role] })
      const answer = await work(client)
      // COMMIT of a transaction that failed succeeds, and says ROLLBACK.
      const { command } = await client.query('commit')
      if (command !== 'COMMIT') throw new Fault('storage_failed', 'PostgreSQL rolled back instead of committing.')
      return answer
    } catch (cause) {
      broken = cause instanceof Error ? cause : new Error(String(cause))
      throw storageFault(cause)
    } finally {
      client?.release(broken) // a connection whose state nobody knows is not used again: its transaction ends with it
    }
  }
}
