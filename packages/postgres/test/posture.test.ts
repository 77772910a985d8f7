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
  const { role, app, superuser, owner } = database
  await ask(superuser, `create role ${app.user}_third; create schema elsewhere_of_posture authorization ${owner.user}`)
  const cases: readonly [sql: string, says: RegExp][] = [
    // What may be lost, and what is not as the migration makes it.
    ['alter table open_call set unlogged', /^storage_posture: The table open_call is emptied by a crash: it is unlogged/],
    ['alter table log alter leaf drop expression', /^storage_posture: The table log is not as the migration makes it: run the migration/],
    ['alter table open_call drop constraint open_call_pkey; alter table open_call add primary key (call_id)', /The table open_call is not as/],
    ['alter table kept drop constraint kept_pkey', /The table kept is not as/],
    ['alter table usage drop constraint usage_used_check', /The table usage is not as/],
    ['alter table standing drop constraint standing_tenant_id_fkey', /The table log_head is not as|The table standing is not as/],
    ['alter table rate add more text', /The table rate is not as/],
    ['alter table log_head alter size set default 7', /The table log_head is not as/],
    ['alter table approval alter state drop not null', /The table approval is not as/],
    ['alter table kept alter answer type varchar(9)', /The table kept is not as/],
    ['alter table open_call alter leased_by type text collate "default"', /The table open_call is not as/],
    ['create unique index peek on open_call (call_id)', /The table open_call is not as/],
    ['drop index approval_pending', /The table approval is not as/],
    ['create table ELSEWHERE.heir () inherits (log)', /The table log is not as/],
    ['create table ELSEWHERE.pointer (tenant_id text references log_head)', /The table log_head is not as/],
    ['alter table migration add more text', /The table migration is not as/],
    ['create type mood as enum (\'fine\')', /^storage_posture: There is something else in the schema: type .*mood/],
    ['create domain small as text', /There is something else in the schema: type .*small/],
    ['create type pair as (a text)', /There is something else in the schema: pair/],
    ['create sequence counter', /There is something else in the schema: counter/],
    ['create operator === (leftarg = text, rightarg = text, function = texteq)', /There is something else in the schema: operator/],
    ['create collation more from "C"', /There is something else in the schema: collation/],
    [`grant references on log to ${role}`, /^storage_posture: The application has other rights on the table log .*references/],
    [`grant references (seq) on log to ${role}`, /^storage_posture: There is a right that the migration does not give: references on column log.seq/],
    ['grant select on log to public', /There is a right that the migration does not give: select on table log, of everybody/],
    ['grant execute on function due to public', /does not give: execute on function due, of everybody/],
    ['grant usage on schema SCHEMA to public', /does not give: usage on schema SCHEMA, of everybody/],
    [`grant insert on log to ${app.user}_third`, /does not give: insert on table log, of .*_third/],
    [`grant update (leaf) on log to ${app.user}_third`, /does not give: update on column log.leaf, of .*_third/],
    [`grant insert on log to ${role} with grant option`, /does not give: insert on table log, to be passed on/],
    [`grant insert on migration to ${role}`, /does not give: insert on table migration/],
    [`revoke execute on function due from ${role}`, /^storage_posture: The application lacks a right: execute on function due/],
    ['alter function due strict', /^storage_missing: The functions .* are not those of this build/],
    ['alter function due immutable', /^storage_missing: The functions/],
    ['alter function due parallel safe', /^storage_missing: The functions/],
    ["drop function moment; create function moment(p_now bigint, p_more text default '') returns bigint language plpgsql set search_path = SCHEMA, pg_temp set enable_seqscan = off set enable_nestloop = off as 'begin return 1; end'", /^storage_missing: The functions/],
    ['alter function moment rename to due', /^storage_missing: The functions/],
    ["comment on schema SCHEMA is 'mine'", /^storage_missing: .*run the migration/],
    // What keeps tenants apart.
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
    await ask(database.owner, `set search_path = ${schema}; ${sql.replaceAll('SCHEMA', schema).replace('ELSEWHERE', 'elsewhere_of_posture')}`)
    expect((await judge(schema) as string).replaceAll(schema, 'SCHEMA'), sql).toMatch(says)
    const storage = postgresStorage({ connection: app, schema, role })
    await expect(storage.tenant('northwind'), sql).rejects.toThrow(says.source.startsWith('^storage_newer') ? /newer/ : /./)
    await storage.close()
    await ask(database.owner, 'drop table if exists elsewhere_of_posture.heir, elsewhere_of_posture.pointer')
  }
}, 120_000)

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
  await become(`alter role ${app.user} replication`, `alter role ${app.user} noreplication`, /does not hold/)
  await become(`alter role ${app.user} createrole`, `alter role ${app.user} nocreaterole`, /may make roles/)
  await become(`create role ${role}_maker createrole; grant ${role}_maker to ${app.user}`, `drop role ${role}_maker`, /may make roles/)
  for (const mighty of ['pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files', 'pg_read_all_data', 'pg_write_all_data']) {
    await become(`grant ${mighty} to ${app.user}`, `revoke ${mighty} from ${app.user}`, /does not hold/)
  }
  await ask(superuser, `create role ${role}_other; grant ${role}_other to ${app.user}; grant create on schema ${schema} to ${role}_other`)
  await become(`alter function ${schema}.due owner to ${role}_other`, `alter function ${schema}.due owner to ${owner.user}`, /owner of .*functions/)
  await become(`alter table ${schema}.kept owner to ${role}_other`, `alter table ${schema}.kept owner to ${owner.user}`, /owner of the tables/)
  await become(`alter schema ${schema} owner to ${role}_other`, `alter schema ${schema} owner to ${owner.user}`, /owner of .*the schema/)
  await become(`alter database ${app.database} owner to ${role}_other`, `alter database ${app.database} owner to ${superuser.user}`, /owner of .*the database/)
  await ask(superuser, `revoke create on schema ${schema} from ${role}_other; revoke ${role}_other from ${app.user}`)
  await become(`revoke ${role} from ${app.user}`, `grant ${role} to ${app.user}`, /^storage_(forbidden|posture): /, owner)
  expect(await judge(schema)).toBe('right')
})

test('a server that may lose what it acknowledged, and a schema that is not there, are refused', async () => {
  const schema = await migrated()
  const { app, superuser } = database
  await ask(superuser, `alter role ${app.user} set synchronous_commit = off`)
  expect(await judge(schema)).toMatch(/^storage_posture: .*synchronous_commit is off/)
  await ask(superuser, `alter role ${app.user} reset all`)
  for (const level of ['serializable', 'repeatable read']) {
    await ask(superuser, `alter role ${app.user} set default_transaction_isolation = '${level}'`)
    expect(await judge(schema)).toMatch(/^storage_posture: .*default_transaction_isolation is not read committed/)
  }
  await ask(superuser, `alter role ${app.user} reset all; alter role ${app.user} set session_replication_role = replica`)
  expect(await judge(schema)).toMatch(/^storage_posture: .*session_replication_role/)
  await ask(superuser, `alter role ${app.user} reset all`)
  // However the connection likes to see values and names, what it reads is the same.
  await ask(superuser, `alter role ${app.user} set bytea_output = escape; alter role ${app.user} set quote_all_identifiers = on`)
  expect(await judge(schema)).toBe('right')
  await ask(superuser, `alter role ${app.user} reset all`)
  expect(await judge('nowhere')).toMatch(/^storage_missing: /)
  await expect(assertPosture(app, { schema: 'no"where' })).rejects.toMatchObject({ code: 'storage_name_invalid' })
  await expect(assertPosture({ ...app, port: 1 })).rejects.toMatchObject({ code: 'storage_unreachable' })
  await expect(assertPosture({ connectionString: 'postgres://gateway:secret@:x' })).rejects.toMatchObject({ name: 'Fault', code: expect.stringMatching(/^storage_/) })
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
