import { expect, inject, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { assertPosture, migrate, postgresStorage } from '@portcullis/postgres'
import { Desk } from '../../testing/src/laws/desk.ts'
import { ask, freshDatabase, type Database } from './database.ts'

verifies('EM-02', 'of many processes that migrate at the same time one does it, and all find it done', async () => {
  const { owner, app, role } = await freshDatabase(inject('postgres'))
  await Promise.all(Array.from({ length: 6 }, () => migrate(owner, { role, login: app.user })))
  expect(await ask(owner, 'select version from portcullis.migration')).toEqual([{ version: 1 }])
  await assertPosture(app, { role })
})

test('a migration that finds everything done changes no data, and puts functions and rights right', async () => {
  const { owner, app, role } = await freshDatabase(inject('postgres'))
  await migrate(owner, { role, login: app.user })
  const storage = postgresStorage({ connection: app, role })
  const desk = await Desk.at(storage)
  await desk.admit({ callId: 'the call' })
  await storage.close()
  await ask(owner, `grant update on portcullis.log to ${role}; drop function portcullis.due; create function portcullis.more() returns void language sql as 'select'`)
  await expect(assertPosture(app, { role })).rejects.toThrow(/./)
  await migrate(owner, { role, login: app.user })
  await assertPosture(app, { role })
  const again = postgresStorage({ connection: app, role })
  expect((await (await again.tenant('northwind')).ledger.recall('the call'))?.seq).toBe(0)
  await again.close()
})

test('processes that are at work do not notice a migration that finds everything done', async () => {
  const { owner, app, role } = await freshDatabase(inject('postgres'))
  await migrate(owner, { role, login: app.user })
  const functions = () => ask(owner, `select oid::integer, proname from pg_proc where pronamespace = 'portcullis'::regnamespace order by oid`)
  const before = await functions()
  const storage = postgresStorage({ connection: { ...app, max: 3 }, role })
  const desk = await Desk.at(storage)
  let migrating = true
  const work = (async () => {
    while (migrating) expect((await desk.admit()).kind).toBe('admitted')
  })()
  for (let run = 0; run < 5; run += 1) await migrate(owner, { role, login: app.user })
  migrating = false
  await work
  expect(await functions()).toEqual(before)
  expect(before.length).toBeGreaterThan(10)
  await storage.close()
})

test('a migration that fails leaves nothing behind, a later build\'s schema is not touched, and names are checked before anything is asked', async () => {
  const { owner, app, role, superuser } = await freshDatabase(inject('postgres'))
  await expect(migrate(owner, { role, login: 'nobody_knows_this_user' })).rejects.toMatchObject({ code: 'storage_failed' })
  expect(await ask(superuser, `select from pg_namespace where nspname = 'portcullis'`)).toHaveLength(0)
  await migrate(owner, { role, login: app.user })
  await ask(owner, 'insert into portcullis.migration (version) values (99)')
  await expect(migrate(owner, { role, login: app.user })).rejects.toMatchObject({ code: 'storage_newer' })
  for (const schema of ['', 'a"b', 'public', 'pg_mine', 'x; drop table log', 'Ä', 'a'.repeat(41)]) {
    await expect(migrate(owner, { schema, role }), schema).rejects.toMatchObject({ code: 'storage_name_invalid' })
    expect(() => postgresStorage({ connection: app, schema }), schema).toThrow(expect.objectContaining({ code: 'storage_name_invalid' }))
    expect(() => postgresStorage({ connection: app, role: schema }), schema).toThrow(expect.objectContaining({ code: 'storage_name_invalid' }))
  }
  await expect(migrate({ ...owner, password: 'wrong' }, { role })).rejects.toMatchObject({ code: 'storage_forbidden' })
})

test('migrations in several databases of one server make the role that all of them share once', async () => {
  const databases = await Promise.all(Array.from({ length: 4 }, () => freshDatabase(inject('postgres'))))
  const [{ role, superuser, app }] = databases as [Database]
  for (let round = 0; round < 3; round += 1) {
    const shared = `${role}_${round}`
    await Promise.all(databases.map(({ owner }) => migrate({ ...superuser, database: owner.database }, { schema: shared, role: shared, login: app.user })))
    for (const { owner } of databases) await assertPosture({ ...app, database: owner.database }, { schema: shared, role: shared })
  }
})

verifies('IS-04', 'a migration takes away what others were given, and refuses a table that it did not make like that, in words', async () => {
  const { owner, app, role, superuser } = await freshDatabase(inject('postgres'))
  await ask(superuser, `create role ${role}_third; create role ${role}_fourth`)
  await ask(owner, `alter default privileges grant select, insert on tables to ${role}_third`)
  await migrate(owner, { role, login: app.user })
  await assertPosture(app, { role })
  await ask(owner, `grant insert on portcullis.log to ${role}_third with grant option; grant update (leaf) on portcullis.log to ${role}_third; grant execute on function portcullis.due to public; grant usage on schema portcullis to ${role}_third`)
  await ask(superuser, `set role ${role}_third; grant insert on portcullis.log to ${role}_fourth`)
  await expect(assertPosture(app, { role })).rejects.toMatchObject({ code: 'storage_posture' })
  await migrate(owner, { role, login: app.user })
  await assertPosture(app, { role })
  await ask(owner, 'alter table portcullis.open_call drop constraint open_call_pkey; alter table portcullis.open_call add primary key (call_id)')
  await expect(migrate(owner, { role, login: app.user })).rejects.toMatchObject({ code: 'storage_posture', message: expect.stringMatching(/table open_call .*PRIMARY KEY \(tenant_id, call_id\).*PRIMARY KEY \(call_id\)/) })
  await expect(assertPosture(app, { role })).rejects.toMatchObject({ code: 'storage_posture' })
  expect(await ask(superuser, `select from pg_namespace where nspname like 'portcullis %'`)).toHaveLength(0)
})

test('an older build puts nothing in the place of a newer one\'s functions, and does not serve with them', async () => {
  const { owner, app, role } = await freshDatabase(inject('postgres'))
  await migrate(owner, { role, login: app.user })
  const [{ comment }] = await ask<{ comment: string }>(owner, `select obj_description('portcullis'::regnamespace, 'pg_namespace') as comment`) as [{ comment: string }]
  const note = JSON.parse(comment) as { build: number }
  await ask(owner, `comment on schema portcullis is '${JSON.stringify({ ...note, build: note.build + 1 })}'; drop function portcullis.due`)
  await expect(migrate(owner, { role, login: app.user })).rejects.toMatchObject({ code: 'storage_newer' })
  await expect(assertPosture(app, { role })).rejects.toMatchObject({ code: 'storage_newer' })
  expect(await ask(owner, `select from pg_proc where proname = 'due' and pronamespace = 'portcullis'::regnamespace`)).toHaveLength(0)
})

test('whatever stops a migration is a fault with a code', async () => {
  const { owner, superuser, role } = await freshDatabase(inject('postgres'))
  await expect(migrate({ connectionString: 'postgres://owner:secret@:x' }, { role })).rejects.toMatchObject({ name: 'Fault' })
  // A constraint that the database's administrator thought of: class 23.
  await ask(superuser, `create schema portcullis authorization ${owner.user}`)
  await ask(owner, 'create table portcullis.migration (version integer primary key check (version > 1), at timestamptz not null default now())')
  await expect(migrate(owner, { role })).rejects.toMatchObject({ name: 'Fault', code: 'storage_failed' })
})

test('the user that connects may be the role itself', async () => {
  const { owner, app } = await freshDatabase(inject('postgres'))
  await migrate(owner, { schema: 'own', role: app.user })
  await assertPosture(app, { schema: 'own', role: app.user })
  const storage = postgresStorage({ connection: app, schema: 'own', role: app.user })
  expect(await (await Desk.at(storage)).note()).toEqual({ kind: 'noted', seq: 0 })
  await storage.close()
})
