import { Fault } from '@portcullis/core'
import pg from 'pg'
import { BUILD, otherTable, readNote } from './build.ts'
import { faultOf } from './fault-of.ts'
import { areOfThisBuild, readFunctions } from './installed-functions.ts'
import { OWN_AS_READ, TENANT_TABLES } from './migrations/0002-policies.ts'
import { STEPS } from './migrations/steps.ts'
import { sqlName } from './names.ts'
import type { Names } from './place.ts'
import { wrong } from './posture-fault.ts'
import { probe } from './posture-probe.ts'
import { readRights, wantedRights } from './rights.ts'
import { readStructure, sayAlike } from './structure.ts'

/** Roles of PostgreSQL's own whose members read or write what no policy holds, or what the server's own account may. */
const MIGHTY = ['pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files', 'pg_read_all_data', 'pg_write_all_data', 'pg_maintain', 'pg_create_subscription']

/**
 * Judges whether a database keeps tenants apart and what it says: its version and settings, the rights of the connection, row-level
 * security on every table, tables and rights as the migration makes them, the functions word by word, and by trying. The owner is trusted.
 * Answers nothing; changes nothing.
 * @throws Fault `storage_posture` with what is wrong in one sentence, `storage_newer`, `storage_missing`, and the codes of a connection that fails.
 */
export async function assertPosture(connection: pg.ClientConfig, { schema = 'portcullis', role = 'portcullis_app' }: Partial<Names> = {}): Promise<void> {
  let client: pg.Client | undefined
  try {
    client = new pg.Client(connection)
    client.on('error', () => undefined) // whatever is asked next says so
    await client.connect()
    await assertPostureOf(client, { schema, role })
  } catch (cause) {
    throw faultOf(cause)
  } finally {
    await client?.end().catch(() => undefined)
  }
}

/** As `assertPosture`, on a connection that is open. */
export async function assertPostureOf(client: pg.ClientBase, names: Names): Promise<void> {
  const schema = sqlName(names.schema)
  await client.query('begin')
  try {
    await assertServer(client)
    await client.query(sayAlike(schema))
    await assertVersion(client, names)
    await assertRights(client, names)
    await assertTables(client, names)
    await assertFunctions(client, names)
    await assertMade(client, names)
    await assertGrants(client, names)
  } finally {
    await client.query('rollback')
  }
  await probe(client, names)
}

async function assertServer(client: pg.ClientBase): Promise<void> {
  const { rows: [server] } = await client.query<Record<'version' | 'encoding' | 'fsync' | 'pages' | 'commits' | 'triggers' | 'isolation', string>>(`select current_setting('server_version_num') as version,
    current_setting('server_encoding') as encoding, current_setting('fsync') as fsync, current_setting('full_page_writes') as pages,
    current_setting('synchronous_commit') as commits, current_setting('session_replication_role') as triggers,
    current_setting('transaction_isolation') as isolation`)
  if (Number(server?.version) < 150_000) wrong('This PostgreSQL is older than version 15.')
  if (server?.encoding !== 'UTF8') wrong('The encoding of this database is not UTF8.')
  if (server.fsync !== 'on' || server.pages !== 'on') wrong('This PostgreSQL may lose what it acknowledged: fsync or full_page_writes is off.')
  if (server.commits === 'off') wrong('This PostgreSQL acknowledges before it is durable: synchronous_commit is off.')
  if (server.triggers !== 'origin') wrong('The connection works as a replica: session_replication_role is not origin.')
  if (server.isolation !== 'read committed') wrong('The connection does not read what was committed meanwhile: default_transaction_isolation is not read committed.')
}

async function assertVersion(client: pg.ClientBase, { schema }: Names): Promise<void> {
  const { rows: [found] } = await client.query<{ version: number | null }>(`select max(version) as version from ${sqlName(schema)}.migration`)
  const version = found?.version ?? 0
  if (version > STEPS.length) throw new Fault('storage_newer', `The schema ${schema} was made by a newer version of Portcullis: install that version.`)
  const noted = (await readNote(client, schema))?.build ?? 0
  if (noted > BUILD) throw new Fault('storage_newer', `The functions in the schema ${schema} are a newer build's of Portcullis: install that version.`)
  if (version < STEPS.length || noted < BUILD) throw new Fault('storage_missing', `The schema ${schema} is not of this version yet: run the migration.`)
}

async function assertRights(client: pg.ClientBase, { schema, role }: Names): Promise<void> {
  const { rows: [found] } = await client.query<Record<'known' | 'member' | 'mighty' | 'master' | 'owner' | 'maker', boolean>>(`
    with place as (select oid, nspowner from pg_namespace where nspname = $1), can_be as (select r.* from pg_roles r where pg_has_role(session_user, r.oid, 'member')),
      owners as (select nspowner as oid from place union select relowner from pg_class where relnamespace = (select oid from place)
        union select proowner from pg_proc where pronamespace = (select oid from place) union select typowner from pg_type where typnamespace = (select oid from place)
        union select datdba from pg_database where datname = current_database())
    select exists (select from pg_roles where rolname = $2) as known,
      pg_has_role(session_user, (select oid from pg_roles where rolname = $2), 'member') as member,
      exists (select from can_be where rolsuper or rolbypassrls or rolreplication or rolname = any($3)) as mighty,
      exists (select from can_be where rolcreaterole) as master,
      exists (select from can_be join owners using (oid)) as owner,
      has_schema_privilege(session_user, $1, 'create') or has_schema_privilege($2, $1, 'create') as maker`, [schema, role, MIGHTY])
  if (found?.known !== true) wrong(`There is no role ${role}.`)
  if (found.mighty) wrong('The connection is, or can become, a superuser or a role that row-level security does not hold.')
  if (found.owner) wrong('The connection is, or can become, the owner of the tables, of functions, of the schema or of the database.')
  if (found.master) wrong('The connection is, or can become, a role that may make roles: it could make itself a member of the owner.')
  if (found.maker) wrong(`The connection may add to the schema ${schema}.`)
  if (!found.member) wrong(`The connection is no member of the role ${role}.`)
}

async function assertTables(client: pg.ClientBase, { schema, role }: Names): Promise<void> {
  const { rows } = await client.query<{ table: string; secured: boolean; durable: boolean; policies: number; own: boolean; triggers: boolean; rights: string }>(`
    select c.relname as "table", c.relrowsecurity and c.relforcerowsecurity as secured, c.relpersistence = 'p' as durable,
      (select count(*)::integer from pg_policy p where p.polrelid = c.oid) as policies,
      exists (select from pg_policy p where p.polrelid = c.oid and p.polpermissive and p.polcmd = '*'
        and pg_get_expr(p.polqual, c.oid) = $3 and pg_get_expr(p.polwithcheck, c.oid) = $3 and p.polroles = '{0}') as own,
      exists (select from pg_trigger t where t.tgrelid = c.oid and (not t.tgisinternal or t.tgenabled <> 'O')) or c.relhasrules as triggers,
      (select coalesce(string_agg(lower(right_name), ', ' order by place), '') from unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) with ordinality as r(right_name, place)
        where has_table_privilege($2, c.oid, right_name) or has_table_privilege(session_user, c.oid, right_name)
          or (right_name = 'UPDATE' and (has_any_column_privilege($2, c.oid, right_name) or has_any_column_privilege(session_user, c.oid, right_name)))) as rights
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relkind not in ('i', 'I', 't') and c.relname <> 'migration'`, [schema, role, OWN_AS_READ])
  const missing = Object.keys(TENANT_TABLES).find((name) => !rows.some(({ table }) => table === name))
  if (missing !== undefined) wrong(`The table ${missing} is not there.`)
  for (const { table, secured, durable, policies, own, triggers, rights } of rows) {
    if (TENANT_TABLES[table] === undefined) wrong(`There is something else in the schema: ${table}.`)
    if (!durable) wrong(`The table ${table} is emptied by a crash: it is unlogged.`)
    if (!secured) wrong(`Row-level security is not enabled and forced on the table ${table}.`)
    if (policies !== 1 || !own) wrong(`The policy of the table ${table} is not the one of this build, or not the only one.`)
    if (triggers) wrong(`The table ${table} has a trigger or a rule.`)
    if (rights !== TENANT_TABLES[table]) wrong(`The application has other rights on the table ${table} than it needs: ${rights || 'none'}.`)
  }
}

async function assertFunctions(client: pg.ClientBase, { schema }: Names): Promise<void> {
  const found = await readFunctions(client, schema)
  const definer = found.find((row) => row.definer)
  if (definer !== undefined) wrong(`The function ${definer.name} runs with its owner's rights.`)
  if (!areOfThisBuild(found, schema)) throw new Fault('storage_missing', `The functions in the schema ${schema} are not those of this build: run the migration.`)
}

/** Nothing but tables and functions, and each table as the migration found that this server makes it. */
async function assertMade(client: pg.ClientBase, { schema }: Names): Promise<void> {
  const { rows: [other] } = await client.query<{ says: string }>(`
    select pg_describe_object(d.classid, d.objid, d.objsubid) as says from pg_depend d
    where d.refclassid = 'pg_namespace'::regclass and d.refobjid = (select oid from pg_namespace where nspname = $1)
      and d.classid not in ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_publication_namespace'::regclass) limit 1`, [schema])
  if (other !== undefined) wrong(`There is something else in the schema: ${other.says}.`)
  const note = await readNote(client, schema)
  const table = note === undefined ? undefined : otherTable(note, await readStructure(client, schema))
  if (note === undefined || table !== undefined) wrong(`The table ${table ?? 'migration'} is not as the migration makes it: run the migration, which says what differs.`)
}

/** The application's role has what it needs, and nobody else has anything. */
async function assertGrants(client: pg.ClientBase, { schema, role }: Names): Promise<void> {
  const [wanted, found] = [wantedRights(schema), await readRights(client, schema)]
  const more = found.find(({ says, holder }) => holder !== role || !wanted.has(says))
  if (more !== undefined) wrong(`There is a right that the migration does not give: ${more.says}, of ${more.holder ?? 'everybody'}.`)
  const there = new Set(found.map(({ says }) => says))
  const missing = [...wanted].find((says) => !there.has(says))
  if (missing !== undefined) wrong(`The application lacks a right: ${missing}.`)
}
