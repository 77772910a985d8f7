import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { LedgerItem } from '@portcullis/core/ports'
import { migrate } from '@portcullis/postgres'
import { approvalFor, PLENTY } from '../../testing/src/laws/desk.ts'
import { Batch, columnsOf } from '../src/batch.ts'
import { keyText } from '../src/key-text.ts'
import { TENANT_TABLES } from '../src/migrations/0002-policies.ts'
import { rowsOf, tablesOf } from '../src/tables.ts'
import { ask, freshDatabase, type Database } from './database.ts'
import { EXPLAIN, Explained, type Access } from './plans.ts'

/** Rows of the tenant in the tables that grow: enough for a plan that reads them all to be the wrong one. */
const ROWS = 50_000

let database: Database
/** A session that planned everything while all tables were empty and vacuumed, and one that planned on what is there. */
let early: Explained
let session: Explained
/** Since 17, PostgreSQL looks the values of an array up in an index wherever they stand in its key. */
let looksUpArrays: boolean

beforeAll(async () => {
  database = await freshDatabase(inject('postgres'))
  await migrate(database.owner, { role: database.role, login: database.app.user })
  await ask(database.superuser, EXPLAIN(database.app.user))
  const [server] = await ask<{ version: number }>(database.superuser, `select current_setting('server_version_num')::integer as version`)
  looksUpArrays = server!.version >= 170_000
  const tables = Object.keys(TENANT_TABLES).map((table) => `portcullis.${table}`)
  await ask(database.superuser, tables.map((table) => `alter table ${table} set (autovacuum_enabled = off)`).join(';'))
  await ask(database.superuser, `vacuum analyze ${tables.join(', ')}`)
  early = await Explained.open(database.app)
  for (let run = 0; run < 8; run += 1) { // from the sixth on, a session may use one plan for all values
    await step([admission(`warm ${run}`), admission(`key ${run}`, { idempotency: { key: `key ${run}`, fingerprint: '' } }), admission(`held ${run}`, { approval: approvalFor(`warm ${run}`) })], 'w', early)
    await step([outcome(`warm ${run}`), outcome(`key ${run}`), vote('nobody')], 'w', early)
  }
  await ask(database.superuser, `
    set search_path = portcullis;
    insert into log_head (tenant_id, tenant, size) values ('t', '"t"', ${ROWS});
    insert into log (tenant_id, seq, at, record) select 't', n, 1, 'x' from generate_series(0, ${ROWS - 1}) n;
    insert into approval (tenant_id, id, opened, digest, requester, state, opened_at, expires_at, closed_at, quorum, self, request)
      select 't', '"old-' || n || '"', n, '"digest-' || n || '"', '"r-' || n % 1000 || '"', case when n % 5000 = 0 then 'pending' else 'consumed' end, 1, case when n % 10000 = 0 then 9e15 else 2 end, 2, 1, '{}', '{' from generate_series(1, ${ROWS}) n;
    insert into rate select 't', '"p-' || n || '"', 1 from generate_series(1, ${ROWS}) n;
    insert into usage select 't', '2026-11', '"p-' || n || '"', 1, 0 from generate_series(1, ${ROWS}) n;
    insert into kept (tenant_id, key, fingerprint, call_id, expires_at) select 't', '"k-' || n || '"', '""', '""', 9e15 from generate_series(1, ${ROWS}) n;
    insert into log_node select 't', 8, n, decode(repeat('00', 32), 'hex') from generate_series(1, ${ROWS}) n;
    insert into checkpoint select 't', n, decode(repeat('00', 32), 'hex'), '', 1 from generate_series(1, ${ROWS}) n;
    insert into open_call (tenant_id, call_id, seq, admitted_at, deadline, principal, period, job)
      select tenant, '"old ' || n || '"', n, 1, 9e15, '"p-7"', '2026-11', '"x":1' from generate_series(1, ${ROWS}) n, unnest(array['t', 'another']) tenant;
  `)
  session = await Explained.open(database.app)
})

afterAll(() => Promise.all([early.client.end(), session.client.end()]))

async function step(items: readonly LedgerItem[], tenant = 't', by = session): Promise<unknown> {
  const values = [tenant, database.role, null, '"t"', ...columnsOf([new Batch(items)]), null]
  const { rows } = await by.client.query({ name: 'step', text: `select portcullis.step(${values.map((_, index) => `$${index + 1}`).join(', ')}) as answer`, values: [...values] })
  return JSON.parse((rows[0] as { answer: string }).answer)
}

const admission = (callId: string, more: object = {}): LedgerItem =>
  ({ kind: 'admit', callId, authorization: 0, principal: 'p-7', limits: PLENTY, deadlineMs: 1, job: { instance: '', tool: '' }, body: '{"v":1', ...more })
const outcome = (callId: string): LedgerItem => ({ kind: 'complete', callId, status: 'succeeded', body: '{"v":1' })

const vote = (approvalId: string): LedgerItem =>
  ({ kind: 'vote', approvalId, authorization: 0, vote: { person: '', principal: '', decision: 'approve', reason: '' }, body: '{"v":1' })

/** Besides the tenant, what tells the rows of one item from all others of the tenant. */
const KEYS: Readonly<Record<string, RegExp>> = {
  log_head: /tenant_id/, usage: /principal = /, rate: /principal = /, open_call: /call_id = /, kept: /key = |expires_at <= /, approval: /id = |digest = |expires_at > /,
  log: /seq >= .*seq < /, log_node: /place >= .*place < /, checkpoint: /tenant_id/,
}

/** Every table was reached by an index that the tenant is part of, and by what tells the item. */
function expectIndexed(accesses: readonly Access[], tables: readonly string[]): void {
  const reads = accesses.filter(({ type }) => type.includes('Scan'))
  expect(new Set(reads.map(({ table }) => table).filter((table) => table !== ''))).toEqual(new Set(tables))
  for (const { type, table, query, condition } of reads.filter(({ type: how }) => !how.startsWith('Bitmap Heap'))) {
    expect(type, query).toMatch(/^(Index|Index Only|Bitmap Index) Scan$/)
    expect(condition, query).toContain('tenant_id')
    if (table !== '' && (looksUpArrays || !query.includes('any('))) expect(condition, query).toMatch(KEYS[table]!)
  }
}

test('a session that planned while the tables were empty reads no table whole, and no row of another tenant', async () => {
  const calls = Array.from({ length: 40 }, (_, index) => `many ${index}`)
  const keyed = { idempotency: { key: 'k-9', fingerprint: '' } }
  const first = await early.of(() => step([...calls.map((call) => admission(call)), admission('keyed', keyed), admission('held', { approval: approvalFor(`digest-${ROWS - 9}`) })], 't', early))
  const last = await early.of(() => step([...calls.map(outcome), outcome('none'), vote('old-9')], 't', early))
  expectIndexed(first, ['log_head', 'usage', 'rate', 'kept', 'approval', 'open_call'])
  expectIndexed(last, ['log_head', 'open_call', 'approval'])
  expect(first.find(({ query, index }) => query.includes('a.digest =') && index !== undefined)).toMatchObject({ index: 'approval_of_digest' })
  const open = [...first, ...last].filter(({ index }) => index?.startsWith('open_call'))
  expect(open.length).toBeGreaterThan(2)
  if (looksUpArrays) for (const { condition, query } of open) expect(condition, query).toMatch(/tenant_id.*call_id = ANY/s)
  await ask(database.superuser, 'analyze')
})

test('an approval is found by its digest in the index, as the application and among 50,000 of the tenant', async () => {
  for (let run = 0; run < 8; run += 1) { // from the sixth on, a session may use one plan for all values
    const accesses = await session.of(() => step([admission(`digest ${run}`, { approval: approvalFor(`digest-${ROWS - run}`) })]))
    const found = accesses.filter(({ query, table }) => table === 'approval' && query.includes('a.digest ='))
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ index: 'approval_of_digest' })
    expect(found[0]!.condition).toMatch(/tenant_id.*digest = /)
    expect(found[0]!.filter ?? '').not.toContain('digest')
  }
})

test('pending approvals are counted in their own small indexes', async () => {
  const accesses = await session.of(() => step([admission('counted', { approval: approvalFor('new digest') })]))
  const counts = accesses.filter(({ query }) => query.includes('count(*) from approval'))
  expect(counts.length).toBeGreaterThan(0)
  for (const { index, query } of counts) if (index !== undefined) expect(index, query).toMatch(/^approval_pending(_of)?$/)
  expect(counts.map(({ type }) => type)).not.toContain('Seq Scan')
  expect(counts.map(({ index }) => index)).toContain('approval_pending_of')
})

test('admissions, outcomes and keys reach all that grows by an index with the tenant in it', async () => {
  const keyed = { idempotency: { key: 'k-9', fingerprint: '' } }
  const first = await session.of(() => step([admission('indexed'), admission('keyed', keyed), admission('free', { idempotency: { key: 'free', fingerprint: '' } })]))
  expectIndexed(first.filter(({ table }) => table !== 'log_head' && table !== ''), ['usage', 'rate', 'open_call', 'kept'])
  const last = await session.of(() => step([outcome('indexed'), { ...outcome('free'), keep: 'x' } as LedgerItem]))
  expectIndexed(last.filter(({ table }) => table !== 'log_head' && table !== ''), ['open_call', 'kept'])
})

test('questions reach all that grows by an index with the tenant in it', async () => {
  const call = (name: string, ...values: unknown[]) =>
    session.of(() => session.client.query(`select portcullis.${name}($1, $2${values.map((_, index) => `, $${index + 3}`).join('')})`, ['t', database.role, ...values]))
  expectIndexed(await call('recall', keyText('old 9')), ['open_call'])
  expectIndexed(await call('approval_of', keyText('old-9')), ['approval'])
  expectIndexed(await call('calls_of', 1_795_348_800_000, keyText('p-9')), ['usage'])
  const due = await call('due', null, 'me', 60_000, 100)
  expect(due.filter(({ type }) => type === 'Seq Scan')).toEqual([])
  expect(due.some(({ index }) => index === 'open_call_due')).toBe(true)
  const added = await call('integrate', '"t"', ROWS, ROWS + 1, Buffer.alloc(32), '', 1, '{8}', `{${ROWS + 1}}`, Buffer.alloc(32))
  expect(added.filter(({ type, table }) => type === 'Seq Scan' && table !== 'log_head')).toEqual([])
})

test('the log, its tree and its latest checkpoint are read by their keys', async () => {
  const tables = tablesOf('portcullis')
  const inTenant = (query: Parameters<typeof rowsOf>[1]) => session.of(async () => {
    await session.client.query('begin')
    await session.client.query('select portcullis.enter($1, $2)', ['t', database.role])
    await rowsOf(session.client, query)
    await session.client.query('commit')
  })
  const range = tables.selectFrom('log').where('tenant_id', '=', 't').where('seq', '>=', '40000').where('seq', '<', '40100').orderBy('seq')
  for (const query of [
    range.select('record'), range.select('leaf'), tables.selectFrom('log_node').select('hash').where('tenant_id', '=', 't').where('level', '=', 8).where('place', '>=', '100').where('place', '<', '200').orderBy('place'),
    tables.selectFrom('checkpoint').select('note').where('tenant_id', '=', 't').orderBy('size', 'desc').limit(1),
  ]) expectIndexed(await inTenant(query), [query.compile().sql.match(/"portcullis"\."(\w+)"/)![1]!])
})

test('nothing in a predicate keeps an index from being used: no enum, and every operator that rows are found with is leakproof', async () => {
  expect(await ask(database.superuser, `select from pg_attribute a join pg_type t on t.oid = a.atttypid join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'portcullis'::regnamespace and t.typtype = 'e'`)).toHaveLength(0)
  const operators = ['=(text,text)', '=(bigint,bigint)', '<=(bigint,bigint)', '>(bigint,bigint)', '<(bigint,bigint)', '>=(bigint,bigint)', '=(smallint,smallint)']
  const leaky = await ask(database.superuser, `select o.name from unnest($1::text[]) as o(name) join pg_operator p on p.oid = o.name::regoperator join pg_proc f on f.oid = p.oprcode where not f.proleakproof`, [operators])
  expect(leaky).toEqual([])
})
