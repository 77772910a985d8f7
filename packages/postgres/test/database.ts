import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { createDatabase, type Connection } from '../../../test-support/postgres-server.ts'

/** A database of one test file's own: its owner, who is no superuser, and the user that the application connects as. */
export interface Database {
  readonly superuser: Connection
  readonly owner: Connection
  readonly app: Connection
  /** The application's role: made by the migration. */
  readonly role: string
}

export async function freshDatabase(server: Connection): Promise<Database> {
  const name = `test_${randomBytes(5).toString('hex')}`
  const superuser = await createDatabase(server, name)
  const [owner, app] = [`${name}_owner`, `${name}_login`].map((user) => ({ ...superuser, user, password: randomBytes(9).toString('hex') })) as [Connection, Connection]
  await ask(superuser, `
    create role ${owner.user} login createrole password '${owner.password}';
    create role ${app.user} login password '${app.password}';
    grant create on database ${name} to ${owner.user};
  `)
  return { superuser, owner, app, role: `${name}_app` }
}

/** One connection, one text, its rows. */
export async function ask<R extends pg.QueryResultRow = pg.QueryResultRow>(connection: Connection, sql: string, values?: unknown[]): Promise<R[]> {
  const client = new pg.Client({ ...connection })
  await client.connect()
  try {
    return (await client.query<R>(sql, values)).rows
  } finally {
    await client.end()
  }
}
