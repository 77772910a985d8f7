import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, type Compilable, type GeneratedAlways } from 'kysely'
import type pg from 'pg'

/** Columns that queries read or write; `pg` gives bigint as text. */
export interface Tables {
  log_head: { tenant_id: string; size: string; version: string }
  standing: { tenant_id: string; fingerprint: string | null; minimum_policy: string; revocations: string }
  log: { tenant_id: string; seq: string; at: string; record: Buffer; leaf: GeneratedAlways<Buffer> }
  log_node: { tenant_id: string; level: number; place: string; hash: Buffer }
  checkpoint: { tenant_id: string; size: string; root: Buffer; note: string; at: string }
}

/** Writes queries; running them is the business of a tenant's transaction, which checks that it was committed. */
const WRITER = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(), createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new PostgresIntrospector(database), createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

export const tablesOf = (schema: string): Kysely<Tables> => WRITER.withSchema(schema)

export async function rowsOf<T>(client: pg.ClientBase, query: Compilable<T>): Promise<T[]> {
  const { sql, parameters } = query.compile()
  return (await client.query(sql, [...parameters])).rows as T[]
}
