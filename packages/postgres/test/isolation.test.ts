import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { migrate } from '@portcullis/postgres'
import { approvalFor, Desk } from '../../testing/src/laws/desk.ts'
import { Batch, columnsOf } from '../src/batch.ts'
import { Connections } from '../src/connections.ts'
import { TENANT_TABLES } from '../src/migrations/0002-policies.ts'
import { Place } from '../src/place.ts'
import { postgresStorage } from '../src/postgres-storage.ts'
import { ask, freshDatabase, type Database } from './database.ts'

const TABLES = Object.keys(TENANT_TABLES)

let database: Database
/** One connection as the application, and one storage that has data of two tenants. */
let client: pg.Client
let storage: ReturnType<typeof postgresStorage>

beforeAll(async () => {
  database = await freshDatabase(inject('postgres'))
  const { owner, app, role } = database
  await migrate(owner, { role, login: app.user })
  storage = postgresStorage({ connection: { ...app, max: 4 }, role })
  for (const tenant of ['alpha', 'beta']) {
    const desk = await Desk.at(storage, tenant)
    await desk.granted(approvalFor('digest'))
    await desk.admit({ callId: 'the call', idempotency: { key: 'key', fingerprint: 'print' } })
    await desk.door.log.integrate({ previous: 0, checkpoint: { size: 3, root: new Uint8Array(32), note: 'note', at: 1 }, nodes: [{ level: 8, index: 0, hash: new Uint8Array(32) }] })
  }
  client = new pg.Client({ ...app })
  await client.connect()
})

afterAll(async () => {
  await client.end()
  await storage.close()
})

const state = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', (error: Error & { code?: string }) => error.code ?? error.message)

/** What one statement comes to in a transaction that is rolled back, as this tenant or as nobody. */
async function as(tenant: string | undefined, sql: string, values: unknown[] = []): Promise<string> {
  await client.query('begin')
  try {
    if (tenant !== undefined) await client.query('select portcullis.enter($1, $2)', [tenant, database.role])
    return await state(client.query(sql, values))
  } finally {
    await client.query('rollback')
  }
}

verifies('IS-01', 'TEN-09: row-level security is enabled and forced on every table, and a session without a tenant sees no row and adds none', async () => {
  const rows = await ask<{ name: string; secured: boolean }>(database.superuser, `
    select relname as name, relrowsecurity and relforcerowsecurity as secured from pg_class where relnamespace = 'portcullis'::regnamespace and relkind = 'r' and relname <> 'migration'`)
  expect(rows.map(({ name }) => name).toSorted()).toEqual(TABLES.toSorted())
  expect(rows.every(({ secured }) => secured)).toBe(true)
  for (const table of TABLES) {
    const [{ count } = { count: 0 }] = await ask<{ count: number }>(database.superuser, `select count(*)::integer as count from portcullis.${table}`)
    expect(count, table).toBeGreaterThan(1)
    expect((await client.query(`select from portcullis.${table}`)).rowCount, table).toBe(0)
    for (const tenant of ['alpha', 'beta']) {
      await client.query('begin')
      await client.query('select portcullis.enter($1, $2)', [tenant, database.role])
      const seen = await client.query<{ tenant_id: string }>(`select distinct tenant_id from portcullis.${table}`)
      await client.query('rollback')
      expect(seen.rows, table).toEqual([{ tenant_id: tenant }])
    }
  }
  for (const [tenant, sql] of [
    [undefined, `insert into portcullis.log_head (tenant_id, tenant) values ('gamma', '')`], ['alpha', `insert into portcullis.log_head (tenant_id, tenant) values ('gamma', '')`],
    [undefined, `insert into portcullis.log (tenant_id, seq, at, record) values ('alpha', 99, 1, '')`], ['alpha', `insert into portcullis.log (tenant_id, seq, at, record) values ('beta', 99, 1, '')`],
    ['alpha', `update portcullis.log_head set tenant_id = 'beta'`], ['alpha', `update portcullis.open_call set tenant_id = 'gamma'`],
  ] as const) expect(await as(tenant, sql), sql).toBe('42501')
})

verifies('AU-04', 'nobody who serves calls can change, remove or empty what is in the log', async () => {
  for (const table of ['log', 'log_node', 'checkpoint']) {
    for (const verb of [`update portcullis.${table} set tenant_id = tenant_id`, `delete from portcullis.${table}`, `truncate portcullis.${table}`]) expect(await as('alpha', verb), verb).toBe('42501')
  }
  for (const table of TABLES) expect(await as('alpha', `truncate portcullis.${table}`), table).toBe('42501')
  for (const sql of ['alter table portcullis.log disable row level security', 'drop policy own on portcullis.log', 'drop table portcullis.log', 'create table portcullis.more ()']) {
    expect(await as('alpha', sql), sql).toBe('42501')
  }
})

test('TEN-09: the role cannot be put off to see more', async () => {
  for (const sql of [`set role ${database.owner.user}`, `set session authorization ${database.owner.user}`, 'set role postgres']) expect(await as('alpha', sql), sql).toBe('42501')
  await client.query('begin')
  await client.query('select portcullis.enter($1, $2)', ['alpha', database.role])
  await client.query('reset role')
  expect((await client.query('select distinct tenant_id from portcullis.log')).rows).toEqual([{ tenant_id: 'alpha' }])
  await client.query('set local row_security = off')
  expect(await state(client.query('select from portcullis.log'))).toBe('42501')
  await client.query('rollback')
})

verifies('IS-01', 'a key of another tenant and one that nobody has give the same refusal: neither primary nor foreign keys are an oracle', async () => {
  const attempts = [
    (tenant: string) => `insert into portcullis.log_head (tenant_id, tenant) values ('${tenant}', '')`,
    (tenant: string) => `insert into portcullis.log_head (tenant_id, tenant) values ('${tenant}', '') on conflict (tenant_id) do nothing`,
    (tenant: string) => `insert into portcullis.standing (tenant_id, minimum_policy, revocations) values ('${tenant}', 1, '[]')`,
    (tenant: string) => `insert into portcullis.log (tenant_id, seq, at, record) values ('${tenant}', 0, 1, '')`,
    (tenant: string) => `insert into portcullis.usage values ('${tenant}', '2026-11', '', 0, 0) on conflict (tenant_id, period, principal) do update set used = 0`,
  ]
  for (const attempt of attempts) {
    const [foreign, invented] = [await as('alpha', attempt('beta')), await as('alpha', attempt('nobody'))]
    expect([foreign, invented], attempt('…')).toEqual(['42501', '42501'])
  }
  expect(await as('beta', `insert into portcullis.kept (tenant_id, key, fingerprint, call_id, expires_at) values ('beta', '"only of alpha"', '', '', 0)`)).toBe('done')
  const [alpha, beta] = [await storage.tenant('alpha'), await storage.tenant('beta')]
  await (await Desk.at(storage, 'alpha')).admit({ callId: 'of alpha' })
  expect((await alpha.ledger.recall('of alpha'))?.callId).toBe('of alpha')
  expect([await beta.ledger.recall('of alpha'), await beta.ledger.recall('of nobody')]).toEqual([undefined, undefined])
})

test('TEN-09: no setting of an earlier use of a connection is there for the next, whether it ended well, in an error or in a lost transaction', async () => {
  const connections = new Connections({ ...database.app, max: 1 }, () => undefined)
  const place = new Place(connections, { schema: 'portcullis', role: database.role })
  const settings = async () => (await connections.pool.query(`select coalesce(current_setting('portcullis.tenant', true), '') as tenant, current_setting('role') as role,
    current_setting('lock_timeout') as wait, (select count(*) from portcullis.log)::integer as seen, pg_backend_pid() as pid`)).rows[0] as Record<string, unknown>
  const clean = { tenant: '', role: 'none', wait: '0', seen: 0 }
  const step = (tenant: string, columns: readonly unknown[]) => place.apply('step', [tenant, place.role, null, '""', ...columns, '2s'])
  const good = columnsOf([new Batch([{ kind: 'note', body: '{"v":1' }])])
  const poisoned = [...good.slice(0, -2), '{-1}', good.at(-1)]

  expect(await settings()).toMatchObject(clean)
  await step('alpha', good)
  expect(await settings()).toMatchObject(clean)
  await expect(step('alpha', poisoned)).rejects.toMatchObject({ code: '22011' })
  expect(await settings()).toMatchObject(clean)
  await expect(place.transaction('alpha', async (on) => on.query('select 1 / 0'))).rejects.toMatchObject({ code: 'storage_failed', cause: { code: '22012' } })
  expect(await settings()).toMatchObject(clean)
  // A transaction that failed where nobody looked: its COMMIT succeeds and says ROLLBACK.
  await expect(place.transaction('alpha', async (on) => on.query('select 1 / 0').catch(() => 'swallowed'))).rejects.toMatchObject({ code: 'storage_failed' })
  expect(await settings()).toMatchObject(clean)
  // Somebody left a tenant in the session itself: the next one is another's all the same.
  await connections.pool.query(`select set_config('portcullis.tenant', 'alpha', false)`)
  expect((await settings())['seen']).toBeGreaterThan(0)
  const read = await place.transaction('beta', async (on) => on.query('select distinct tenant_id from portcullis.log'))
  expect(read.rows).toEqual([{ tenant_id: 'beta' }])
  await connections.end()
})

test('a transaction whose connection dies in the middle is taken back, and the next one has another connection', async () => {
  const connections = new Connections({ ...database.app, max: 1 }, () => undefined)
  const place = new Place(connections, { schema: 'portcullis', role: database.role })
  await expect(place.transaction('alpha', async (on) => {
    await on.query(`update portcullis.log_head set size = 999`)
    const { rows: [row] } = await on.query<{ pid: number }>('select pg_backend_pid() as pid')
    await ask(database.superuser, 'select pg_terminate_backend($1)', [row!.pid])
    return on.query('select 1')
  })).rejects.toMatchObject({ code: 'storage_unreachable' })
  const [head] = await place.transaction('alpha', async (on) => (await on.query<{ size: string }>('select size from portcullis.log_head')).rows)
  expect(Number(head!.size)).toBeLessThan(999)
  await connections.end()
})
