import type pg from 'pg'
import { TENANT_TABLES } from './migrations/0002-policies.ts'
import { sqlName } from './names.ts'
import type { Names } from './place.ts'
import { wrong } from './posture-fault.ts'

/** What the catalogue says is tried: without a tenant there is nothing to see and nothing to add, and nobody adds for another tenant. */
export async function probe(client: pg.ClientBase, { schema, role }: Names): Promise<void> {
  const prefix = sqlName(schema)
  await client.query('begin')
  try {
    await client.query(`set local role ${sqlName(role)}`)
    await client.query('set local enable_seqscan = off') // an index finds nothing at once, also among a billion rows
    await client.query(`select set_config('portcullis.tenant', '', true)`)
    for (const table of Object.keys(TENANT_TABLES)) {
      const { rowCount } = await client.query(`select from ${prefix}.${table} order by tenant_id limit 1`)
      if (rowCount !== 0) wrong(`Without a tenant, rows of the table ${table} can be seen.`)
    }
    for (const tenant of ['', 'somebody else']) {
      await client.query('savepoint attempt')
      await client.query(`select set_config('portcullis.tenant', $1, true)`, [tenant])
      if (!(await isRefused(client, `insert into ${prefix}.log_head (tenant_id, tenant) values ('probe', '"probe"')`))) {
        wrong('Rows can be added for another tenant than the session\'s.')
      }
      await client.query('rollback to savepoint attempt')
    }
  } finally {
    await client.query('rollback')
  }
}

async function isRefused(client: pg.ClientBase, sql: string): Promise<boolean> {
  try {
    await client.query(sql)
    return false
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === '42501') return true
    throw cause
  }
}
