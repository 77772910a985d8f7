import { inspect } from 'node:util'
import { expect, inject, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { Fault } from '@portcullis/core'
import { migrate, postgresStorage, type Placement } from '@portcullis/postgres'
import { Looks } from '../../testing/src/laws/law.ts'
import { Desk, tally } from '../../testing/src/laws/desk.ts'
import { lookAtLog } from '../../testing/src/laws/log-laws.ts'
import { ask, freshDatabase } from './database.ts'

verifies(['IS-04', 'IS-01'], 'a siloed tenant is in its own schema, a dedicated one in its own database, and row-level security holds there too', async () => {
  const server = inject('postgres')
  const [pooled, own] = [await freshDatabase(server), await freshDatabase(server)]
  await migrate(pooled.owner, { role: pooled.role, login: pooled.app.user })
  await migrate(pooled.owner, { schema: 'silo_a', role: `${pooled.role}_a`, login: pooled.app.user })
  await migrate(own.owner, { role: own.role, login: own.app.user })
  const places: Record<string, Placement> = { alpha: { schema: 'silo_a', role: `${pooled.role}_a` }, omega: { connection: { ...own.app, max: 2 }, role: own.role } }
  const storage = postgresStorage({ connection: { ...pooled.app, max: 4 }, role: pooled.role, place: (tenant) => places[tenant] })

  const tenants = ['alpha', 'omega', 'beta', 'gamma']
  const desks = await Promise.all(tenants.map((tenant) => Desk.at(storage, tenant)))
  const answers = await Promise.all(desks.map((desk) => desk.many(30, { callId: 'the call' })))
  for (const [index, desk] of desks.entries()) {
    expect(tally(answers[index]!)).toEqual({ admitted: 1, duplicate: 29 })
    await lookAtLog(desk, new Looks())
  }
  const there = async (connection: typeof pooled.owner, schema: string) => (await ask<{ tenant_id: string }>({ ...server, database: connection.database }, `select distinct tenant_id from ${schema}.log order by 1`)).map(({ tenant_id }) => tenant_id)
  expect([await there(pooled.owner, 'portcullis'), await there(pooled.owner, 'silo_a'), await there(own.owner, 'portcullis')]).toEqual([['beta', 'gamma'], ['alpha'], ['omega']])

  const known = new Map(desks.map(({ authorization }, index) => [tenants[index]!, authorization]))
  expect((await storage.changed?.(known))?.size).toBe(0)
  for (const desk of desks) await desk.door.revoke({ kind: 'tenant' })
  const changed = await storage.changed?.(known)
  expect(tenants.map((tenant) => changed?.get(tenant))).toEqual(tenants.map(() => expect.objectContaining({ authorization: 2 })))

  // One schema's role has no rights in the other.
  const [refused] = await ask<{ usage: boolean }>(pooled.superuser, `select has_schema_privilege($1, 'silo_a', 'usage') as usage`, [pooled.role])
  expect(refused).toEqual({ usage: false })
  await storage.close()
})

verifies('IS-04', 'TEN-13: a tenant whose place is not known or cannot be reached is refused, and never served from another one', async () => {
  const { owner, app, role } = await freshDatabase(inject('postgres'))
  await migrate(owner, { role, login: app.user })
  const place = (tenant: string): Placement | undefined => {
    if (tenant === 'lost') throw new Error('the registry does not answer')
    return ({ unmade: { schema: 'silo_none', role }, gone: { connection: { ...app, port: 1 } }, odd: { schema: 'a"b', role } } as Record<string, Placement>)[tenant]
  }
  const storage = postgresStorage({ connection: app, role, place })
  await expect(storage.tenant('lost')).rejects.toThrow('the registry does not answer')
  for (const [tenant, code] of [['unmade', 'storage_missing'], ['gone', 'storage_unreachable'], ['odd', 'storage_name_invalid']]) await expect(storage.tenant(tenant!), tenant).rejects.toMatchObject({ code })
  await (await Desk.at(storage, 'pooled')).note()
  expect(await ask({ ...inject('postgres'), database: app.database }, 'select tenant_id from portcullis.log_head')).toEqual([{ tenant_id: 'pooled' }])
  await storage.close()
})

test('no more databases are kept open than allowed, and one that was closed opens again', async () => {
  const server = inject('postgres')
  const databases = [await freshDatabase(server), await freshDatabase(server), await freshDatabase(server)]
  for (const { owner, app, role } of databases) await migrate(owner, { role, login: app.user })
  const [first] = databases
  const place = (tenant: string): Placement => ({ connection: { ...databases[Number(tenant)]!.app, max: 2 }, role: databases[Number(tenant)]!.role })
  const storage = postgresStorage({ connection: first!.app, role: first!.role, databases: 1, place })
  const open = async () => Promise.all(databases.map(async ({ app }) =>
    (await ask<{ count: number }>(server, 'select count(*)::integer as count from pg_stat_activity where usename = $1', [app.user]))[0]!.count))
  const desks = []
  for (const tenant of ['0', '1', '2']) desks.push(await Desk.at(storage, tenant))
  await expect.poll(open, { timeout: 20_000 }).toEqual([0, 0, 1])
  expect(tally(await desks[0]!.many(2))).toEqual({ admitted: 2 })
  await storage.close()
  await expect.poll(open, { timeout: 20_000 }).toEqual([0, 0, 0])
  await expect(desks[0]!.note()).rejects.toMatchObject({ code: 'storage_closed' })
  await expect(storage.tenant('0')).rejects.toMatchObject({ code: 'storage_closed' })
})

test('to ask what has changed opens a few databases at a time and leaves no more open than allowed: those that are used', async () => {
  const server = inject('postgres')
  const databases = [await freshDatabase(server), await freshDatabase(server), await freshDatabase(server)]
  for (const { owner, app, role } of databases) await migrate(owner, { role, login: app.user })
  const place = (tenant: string): Placement => ({ connection: { ...databases[Number(tenant)]!.app, max: 2, idleTimeoutMillis: 600_000 }, role: databases[Number(tenant)]!.role })
  const storage = postgresStorage({ connection: databases[0]!.app, databases: 1, place })
  const open = async () => Promise.all(databases.map(async ({ app }) =>
    (await ask<{ count: number }>(server, 'select count(*)::integer as count from pg_stat_activity where usename = $1', [app.user]))[0]!.count))
  for (const tenant of ['0', '1', '2']) await (await Desk.at(storage, tenant)).door.revoke({ kind: 'tenant' })
  for (let sweep = 0; sweep < 3; sweep += 1) {
    const changed = await storage.changed?.(new Map(['2', '0', '1'].map((tenant) => [tenant, 0])))
    expect(new Set([...changed!.values()].map((standing) => (standing as { authorization: number }).authorization))).toEqual(new Set([2]))
    await expect.poll(open, { timeout: 20_000 }).toEqual([0, 0, 1])
  }
  await storage.close()
})

verifies('IS-04', 'a tenant whose place cannot be said is unknown, and those of all others are compared', async () => {
  const { owner, app, role } = await freshDatabase(inject('postgres'))
  await migrate(owner, { role, login: app.user })
  const faults: unknown[] = []
  const place = (tenant: string): Placement | undefined => {
    if (tenant === 'lost') throw new Error('the registry does not answer')
    return ({ odd: { schema: 'a"b', role }, gone: { connection: { ...app, port: 1 } }, empty: { connection: undefined } } as unknown as Record<string, Placement>)[tenant]
  }
  const onFault = (fault: unknown): void => {
    faults.push(fault)
    throw new Error('whoever is told has a fault too')
  }
  const storage = postgresStorage({ connection: app, role, place, onFault })
  await (await Desk.at(storage, 'northwind')).door.revoke({ kind: 'tenant' })
  const changed = await storage.changed?.(new Map(['lost', 'odd', 'northwind', 'gone', 'empty'].map((tenant) => [tenant, 0])))
  expect(Object.fromEntries(changed!)).toEqual({ lost: 'unknown', odd: 'unknown', gone: 'unknown', empty: 'unknown', northwind: expect.objectContaining({ authorization: 2 }) })
  expect(faults).toHaveLength(4)
  await storage.close()
})

test('a dedicated place that is connected to in another way is: with the new password, and after its posture was judged again', async () => {
  const { owner, app, role, superuser } = await freshDatabase(inject('postgres'))
  await migrate(owner, { role, login: app.user })
  let password = app.password
  let user = app.user
  const storage = postgresStorage({ connection: { ...app, port: 1 }, role, place: () => ({ connection: { ...app, user, password, max: 2, idleTimeoutMillis: 600_000 } }) })
  const desk = await Desk.at(storage, 'northwind')
  await desk.note()
  password = 'another one'
  await ask(superuser, `alter role ${app.user} password 'another one'`)
  await storage.tenant('northwind')
  await ask(superuser, 'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [app.user])
  expect(await desk.note()).toEqual({ kind: 'noted', seq: 1 }) // the door that was there before
  user = superuser.user
  password = superuser.password
  expect((await storage.changed?.(new Map([['northwind', 0]])))?.get('northwind')).toBe('unknown')
  await expect(desk.note()).rejects.toMatchObject({ code: 'storage_posture' })
  await storage.close()
})

test('two tenants in one database whose connections differ in anything share none', async () => {
  const { owner, app, role, superuser } = await freshDatabase(inject('postgres'))
  await migrate(owner, { role, login: app.user })
  const storage = postgresStorage({ connection: { ...app, port: 1 }, role, place: (tenant) => ({ connection: { ...app, options: `-c application_name=for_${tenant}` } }) })
  for (const tenant of ['alpha', 'beta']) await (await Desk.at(storage, tenant)).note()
  const names = await ask<{ name: string }>(superuser, 'select distinct application_name as name from pg_stat_activity where usename = $1 order by 1', [app.user])
  expect(names).toEqual([{ name: 'for_alpha' }, { name: 'for_beta' }])
  await storage.close()
})

verifies('SE-03', 'whoever is told of a connection that broke is told a fault, and no password', async () => {
  const { owner, app, role, superuser } = await freshDatabase(inject('postgres'))
  await migrate(owner, { role, login: app.user })
  const faults: unknown[] = []
  const storage = postgresStorage({ connection: app, role, onFault: (fault) => faults.push(fault) })
  await (await Desk.at(storage, 'northwind')).note()
  await ask(superuser, 'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [app.user])
  await expect.poll(() => faults.length, { timeout: 20_000 }).toBeGreaterThan(0)
  for (const fault of faults) {
    expect(fault).toBeInstanceOf(Fault)
    expect(inspect(fault, { showHidden: true, depth: 20 })).not.toContain(app.password)
  }
  await storage.close()
})
