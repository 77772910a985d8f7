import { createHash } from 'node:crypto'
import { Fault } from '@portcullis/core'
import pg from 'pg'
import { areOfThisBuild, readFunctions } from './installed-functions.ts'
import { TENANT_TABLES } from './migrations/0002-policies.ts'
import { FUNCTIONS, functionText } from './migrations/0003-step.ts'
import { STEPS } from './migrations/steps.ts'
import { sqlName } from './names.ts'
import { storageFault } from './storage-fault.ts'

export interface MigrateOptions {
  /** Where the tables go, `portcullis` unless said otherwise. Made if it is not there; nothing else belongs in it. */
  readonly schema?: string
  /** The application's role, `portcullis_app` unless said otherwise. Made if it is not there; it owns nothing. */
  readonly role?: string
  /** The user that the application connects as, if it is not the role itself: made a member of the role. */
  readonly login?: string
}

/**
 * Brings a schema of a database to this build's version, over a connection of its owner's. Any number of processes may do so at the
 * same time: one of them does it. Everything is one transaction.
 * @throws Fault `storage_newer` if the schema is a later build's, `storage_name_invalid`, and the codes of a connection that fails.
 */
export async function migrate(connection: pg.ClientConfig, { schema = 'portcullis', role = 'portcullis_app', login }: MigrateOptions = {}): Promise<void> {
  const names = { schema: sqlName(schema), role: sqlName(role), login: login === undefined ? undefined : pg.escapeIdentifier(login) }
  const client = new pg.Client(connection)
  client.on('error', () => undefined) // whatever is asked next says so
  try {
    await client.connect()
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', ['portcullis migration'])
    await makeRole(client, role, names)
    await bring(client, schema, names)
    await grant(client, names)
    const { command } = await client.query('commit')
    if (command !== 'COMMIT') throw new Fault('storage_failed', 'PostgreSQL rolled the migration back.')
  } catch (cause) {
    throw storageFault(cause)
  } finally {
    await client.end().catch(() => undefined)
  }
}

interface Names {
  readonly schema: string
  readonly role: string
  readonly login: string | undefined
}

async function makeRole(client: pg.Client, role: string, names: Names): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role])
  if (rowCount === 0) await client.query(`create role ${names.role} nologin nosuperuser nobypassrls nocreatedb nocreaterole`)
  if (names.login !== undefined && names.login !== names.role) await client.query(`grant ${names.role} to ${names.login}`)
}

async function bring(client: pg.Client, schema: string, names: Names): Promise<void> {
  await client.query(`create schema if not exists ${names.schema}`)
  await client.query(`set local search_path = ${names.schema}, pg_temp`)
  await client.query('create table if not exists migration (version integer primary key, at timestamptz not null default now())')
  const { rows: [found] } = await client.query<{ version: number }>('select coalesce(max(version), 0) as version from migration')
  const version = found?.version ?? 0
  if (version > STEPS.length) throw new Fault('storage_newer', `The schema ${schema} was made by a newer version of Portcullis: install that version.`)
  for (const [index, step] of STEPS.entries()) {
    if (index < version) continue
    await client.query(step)
    await client.query('insert into migration (version) values ($1)', [index + 1])
  }
  await replaceFunctions(client, schema, names)
}

/** Functions have no history: what is there becomes what this build needs. Those that are right are left alone: processes call them meanwhile. */
async function replaceFunctions(client: pg.Client, schema: string, names: Names): Promise<void> {
  const texts = FUNCTIONS.map((made) => functionText(made, names.schema))
  const build = `Portcullis ${createHash('sha256').update(texts.join()).digest('hex')}`
  const { rows: [noted] } = await client.query<{ comment: string | null }>(`select obj_description(oid, 'pg_namespace') as comment from pg_namespace where nspname = $1`, [schema])
  const found = await readFunctions(client, schema)
  if (noted?.comment === build && areOfThisBuild(found, schema)) return
  for (const { signature } of found) await client.query(`drop function ${signature}`)
  for (const text of texts) await client.query(text)
  await client.query(`comment on schema ${names.schema} is '${build}'`)
}

async function grant(client: pg.Client, { schema, role }: Names): Promise<void> {
  const tables = Object.entries(TENANT_TABLES).map(([table, rights]) => `grant select, ${rights} on ${table} to ${role};`)
  await client.query(`
    revoke all on schema ${schema} from public;
    revoke all on all tables in schema ${schema} from public, ${role};
    revoke all on all functions in schema ${schema} from public, ${role};
    grant usage on schema ${schema} to ${role};
    grant select on migration to ${role};
    ${tables.join('\n')}
    grant execute on all functions in schema ${schema} to ${role};
  `)
}
