import { beforeAll, expect, inject, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { assertPosture, migrate, postgresStorage } from '@portcullis/postgres'
import { ask, freshDatabase, type Database } from './database.ts'

let database: Database
let schemas = 0

beforeAll(async () => {
  database = await freshDatabase(inject('postgres'))
})

/** A schema of its own, as the migration leaves it. */
async function migrated(): Promise<string> {
  const schema = `posture_${(schemas += 1)}`
  await migrate(database.owner, { schema, role: database.role, login: database.app.user })
  return schema
}

const judge = (schema: string, connection = database.app): Promise<unknown> =>
  assertPosture(connection, { schema, role: database.role }).then(() => 'right', (fault: { code: string; message: string }) => `${fault.code}: ${fault.message}`)

verifies(['IS-01', 'IS-04'], 'a migrated schema is right, and one that does not keep tenants apart is refused with what is wrong', async () => {
  expect(await judge(await migrated())).toBe('right')
  const { role, app } = database
  const cases: readonly [sql: string, says: RegExp][] = [
    ['alter table log disable row level security', /^storage_posture: .*table log\b/],
    ['alter table usage no force row level security', /^storage_posture: .*forced on the table usage/],
    ['drop policy own on rate; create policy own on rate using (true)', /^storage_posture: The policy of the table rate/],
    ["drop policy own on rate; create policy own on rate using (tenant_id = nullif(current_setting('portcullis.tenant', true), '')) with check (true)", /policy of the table rate/],
    ['create policy more on approval for select using (true)', /^storage_posture: The policy of the table approval .* not the only one/],
    [`grant update on log to ${role}`, /^storage_posture: The application has other rights on the table log .*update/],
    [`grant update (record) on log to ${role}`, /^storage_posture: The application has other rights on the table log .*update/],
    [`grant truncate on log_head to ${role}`, /^storage_posture: .*rights on the table log_head .*truncate/],
    [`grant delete on checkpoint to ${app.user}`, /^storage_posture: .*rights on the table checkpoint .*delete/],
    [`revoke insert on log from ${role}`, /^storage_posture: .*rights on the table log .*none/],
    ['drop table kept cascade', /^storage_posture: The table kept is not there/],
    ['create table more (tenant_id text)', /^storage_posture: There is something else in the schema: more/],
    ['create view more as select * from log', /^storage_posture: There is something else in the schema: more/],
    ['alter function recall security definer', /^storage_posture: The function recall runs with its owner's rights/],
    ["create function more() returns void language sql security definer as 'select'", /^storage_posture: The function more runs with its owner's rights/],
    ["create or replace function enter(p_tenant text, p_role text) returns void language plpgsql as 'begin end'", /^storage_missing: The functions .* are not those of this build/],
    ['alter function enter reset all', /^storage_missing: The functions/],
    ['drop function due', /^storage_missing: The functions/],
    ["create function peek() returns trigger language plpgsql as 'begin return new; end'; create trigger peek before insert on log for each row execute function peek()", /The table log has a trigger or a rule/],
    ['create rule peek as on insert to log do also notify peek', /The table log has a trigger or a rule/],
    [`grant create on schema SCHEMA to ${role}`, /^storage_posture: The connection may add to the schema/],
    ['insert into migration (version) values (99)', /^storage_newer: /],
    ['delete from migration', /^storage_missing: .*run the migration/],
    [`revoke usage on schema SCHEMA from ${role}`, /^storage_forbidden: /],
  ]
  for (const [sql, says] of cases) {
    const schema = await migrated()
    await ask(database.owner, `set search_path = ${schema}; ${sql.replace('SCHEMA', schema)}`)
    expect(await judge(schema), sql).toMatch(says)
    const storage = postgresStorage({ connection: app, schema, role })
    await expect(storage.tenant('northwind'), sql).rejects.toThrow(says.source.startsWith('^storage_newer') ? /newer/ : /./)
    await storage.close()
  }
})

verifies('IS-04', 'a connection that row-level security does not hold, or could shed it, is refused', async () => {
  const schema = await migrated()
  const { superuser, owner, app, role } = database
  expect(await judge(schema, superuser)).toMatch(/^storage_posture: .*superuser/)
  expect(await judge(schema, owner)).toMatch(/^storage_posture: .*owner of the tables/)
  const become = async (sql: string, undo: string, says: RegExp, by = superuser): Promise<void> => {
    await ask(by, sql)
    expect(await judge(schema), sql).toMatch(says)
    await ask(by, undo)
  }
  await become(`alter role ${app.user} bypassrls`, `alter role ${app.user} nobypassrls`, /does not hold/)
  await become(`alter role ${role} bypassrls`, `alter role ${role} nobypassrls`, /does not hold/)
  await become(`grant ${owner.user} to ${app.user}`, `revoke ${owner.user} from ${app.user}`, /owner of the tables/)
  await become(`create role ${role}_mighty bypassrls; grant ${role}_mighty to ${app.user}`, `drop role ${role}_mighty`, /does not hold/)
  await become(`revoke ${role} from ${app.user}`, `grant ${role} to ${app.user}`, /^storage_(forbidden|posture): /, owner)
  expect(await judge(schema)).toBe('right')
})

test('a server that may lose what it acknowledged, and a schema that is not there, are refused', async () => {
  const schema = await migrated()
  const { app, superuser } = database
  await ask(superuser, `alter role ${app.user} set synchronous_commit = off`)
  expect(await judge(schema)).toMatch(/^storage_posture: .*synchronous_commit is off/)
  await ask(superuser, `alter role ${app.user} reset all`)
  expect(await judge('nowhere')).toMatch(/^storage_missing: /)
  await expect(assertPosture(app, { schema: 'no"where' })).rejects.toMatchObject({ code: 'storage_name_invalid' })
  await expect(assertPosture({ ...app, port: 1 })).rejects.toMatchObject({ code: 'storage_unreachable' })
  await expect(assertPosture({ ...app, password: 'wrong' })).rejects.toMatchObject({ code: 'storage_forbidden' })
})

test('a storage whose posture was wrong works as soon as it is right', async () => {
  const schema = await migrated()
  const storage = postgresStorage({ connection: database.app, schema, role: database.role })
  await ask(database.owner, `alter table ${schema}.log disable row level security`)
  await expect(storage.tenant('northwind')).rejects.toMatchObject({ code: 'storage_posture' })
  await ask(database.owner, `alter table ${schema}.log enable row level security`)
  expect(await (await storage.tenant('northwind')).log.size()).toBe(0)
  await storage.close()
})
