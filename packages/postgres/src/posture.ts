import { Fault } from '@portcullis/core'
import pg from 'pg'
import { areOfThisBuild, readFunctions } from './installed-functions.ts'
import { OWN_AS_READ, TENANT_TABLES } from './migrations/0002-policies.ts'
import { STEPS } from './migrations/steps.ts'
import { sqlName } from './names.ts'
import type { Names } from './place.ts'
import { wrong } from './posture-fault.ts'
import { probe } from './posture-probe.ts'
import { storageFault } from './storage-fault.ts'

/**
 * Judges whether a database keeps tenants apart and what it says: its version and settings, the rights of the connection, row-level
 * security on every table, the functions word by word, and by trying. Answers nothing; changes nothing.
 * @throws Fault `storage_posture` with what is wrong in one sentence, `storage_newer`, `storage_missing`, and the codes of a connection that fails.
 */
export async function assertPosture(connection: pg.ClientConfig, { schema = 'portcullis', role = 'portcullis_app' }: Partial<Names> = {}): Promise<void> {
  const client = new pg.Client(connection)
  client.on('error', () => undefined) // whatever is asked next says so
  try {
    await client.connect()
    await assertPostureOf(client, { schema, role })
  } catch (cause) {
    throw storageFault(cause)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** As `assertPosture`, on a connection that is open. */
export async function assertPostureOf(client: pg.ClientBase, names: Names): Promise<void> {
  await assertServer(client)
  await assertVersion(client, names)
  await assertRights(client, names)
  await assertTables(client, names)
  await assertFunctions(client, names)
  await probe(client, names)
}

async function assertServer(client: pg.ClientBase): Promise<void> {
  const { rows: [server] } = await client.query<Record<'version' | 'encoding' | 'fsync' | 'pages' | 'commits' | 'triggers', string>>(`select current_setting('server_version_num') as version,
    current_setting('server_encoding') as encoding, current_setting('fsync') as fsync, current_setting('full_page_writes') as pages,
    current_setting('synchronous_commit') as commits, current_setting('session_replication_role') as triggers`)
  if (Number(server?.version) < 150_000) wrong('This PostgreSQL is older than version 15.')
  if (server?.encoding !== 'UTF8') wrong('The encoding of this database is not UTF8.')
  if (server.fsync !== 'on' || server.pages !== 'on') wrong('This PostgreSQL may lose what it acknowledged: fsync or full_page_writes is off.')
  if (server.commits === 'off') wrong('This PostgreSQL acknowledges before it is durable: synchronous_commit is off.')
}

async function assertVersion(client: pg.ClientBase, { schema }: Names): Promise<void> {
  const { rows: [found] } = await client.query<{ version: number | null }>(`select max(version) as version from ${sqlName(schema)}.migration`)
  const version = found?.version ?? 0
  if (version > STEPS.length) throw new Fault('storage_newer', `The schema ${schema} was made by a newer version of Portcullis: install that version.`)
  if (version < STEPS.length) throw new Fault('storage_missing', `The schema ${schema} is not of this version yet: run the migration.`)
}

async function assertRights(client: pg.ClientBase, { schema, role }: Names): Promise<void> {
  const { rows: [found] } = await client.query<Record<'known' | 'member' | 'mighty' | 'owner' | 'maker', boolean>>(`
    select exists (select from pg_roles where rolname = $2) as known,
      pg_has_role(session_user, (select oid from pg_roles where rolname = $2), 'member') as member,
      exists (select from pg_roles r where pg_has_role(session_user, r.oid, 'member') and (r.rolsuper or r.rolbypassrls)) as mighty,
      pg_has_role(session_user, (select nspowner from pg_namespace where nspname = $1), 'member') or exists (
        select from pg_class c where c.relnamespace = (select oid from pg_namespace where nspname = $1) and pg_has_role(session_user, c.relowner, 'member')) as owner,
      has_schema_privilege(session_user, $1, 'create') or has_schema_privilege($2, $1, 'create') as maker`, [schema, role])
  if (found?.known !== true) wrong(`There is no role ${role}.`)
  if (found.mighty) wrong('The connection is, or can become, a superuser or a role that row-level security does not hold.')
  if (found.owner) wrong('The connection is, or can become, the owner of the tables.')
  if (found.maker) wrong(`The connection may add to the schema ${schema}.`)
  if (!found.member) wrong(`The connection is no member of the role ${role}.`)
}

async function assertTables(client: pg.ClientBase, { schema, role }: Names): Promise<void> {
  const { rows } = await client.query<{ table: string; secured: boolean; policies: number; own: boolean; triggers: boolean; rights: string }>(`
    select c.relname as "table", c.relrowsecurity and c.relforcerowsecurity as secured,
      (select count(*)::integer from pg_policy p where p.polrelid = c.oid) as policies,
      exists (select from pg_policy p where p.polrelid = c.oid and p.polpermissive and p.polcmd = '*'
        and pg_get_expr(p.polqual, c.oid) = $3 and pg_get_expr(p.polwithcheck, c.oid) = $3 and p.polroles = '{0}') as own,
      exists (select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal) or c.relhasrules as triggers,
      (select coalesce(string_agg(lower(right_name), ', ' order by place), '') from unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) with ordinality as r(right_name, place)
        where has_table_privilege($2, c.oid, right_name) or has_table_privilege(session_user, c.oid, right_name)
          or (right_name = 'UPDATE' and (has_any_column_privilege($2, c.oid, right_name) or has_any_column_privilege(session_user, c.oid, right_name)))) as rights
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relname <> 'migration'`, [schema, role, OWN_AS_READ])
  const missing = Object.keys(TENANT_TABLES).find((name) => !rows.some(({ table }) => table === name))
  if (missing !== undefined) wrong(`The table ${missing} is not there.`)
  for (const { table, secured, policies, own, triggers, rights } of rows) {
    if (TENANT_TABLES[table] === undefined) wrong(`There is something else in the schema: ${table}.`)
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
