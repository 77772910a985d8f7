import { randomUUID } from 'node:crypto'
import { Fault } from '@portcullis/core'
import pg from 'pg'
import { BUILD, noteOf, otherTable, readNote, type BuildNote } from './build.ts'
import { faultOf } from './fault-of.ts'
import { areOfThisBuild, readFunctions } from './installed-functions.ts'
import { TENANT_TABLES } from './migrations/0002-policies.ts'
import { FUNCTIONS, functionText } from './migrations/0003-step.ts'
import { STEPS } from './migrations/steps.ts'
import { sqlName } from './names.ts'
import { wrong } from './posture-fault.ts'
import { readRights } from './rights.ts'
import { readStructure, sayAlike, type Structure } from './structure.ts'

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
 * @throws Fault `storage_newer` if the schema is a later build's, `storage_posture` if a table is not as this build makes it,
 * `storage_name_invalid`, and the codes of a connection that fails.
 */
export async function migrate(connection: pg.ClientConfig, { schema = 'portcullis', role = 'portcullis_app', login }: MigrateOptions = {}): Promise<void> {
  const names = { schema: sqlName(schema), role: sqlName(role), login: login === undefined ? undefined : pg.escapeIdentifier(login) }
  let client: pg.Client | undefined
  try {
    client = new pg.Client(connection)
    client.on('error', () => undefined) // whatever is asked next says so
    await client.connect()
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', ['portcullis migration'])
    await makeRole(client, { role, login }, names)
    await bring(client, schema, names)
    await grant(client, schema, names)
    const { command } = await client.query('commit')
    if (command !== 'COMMIT') throw new Fault('storage_failed', 'PostgreSQL rolled the migration back.')
  } catch (cause) {
    throw faultOf(cause)
  } finally {
    await client?.end().catch(() => undefined)
  }
}

interface Names {
  readonly schema: string
  readonly role: string
  readonly login: string | undefined
}

async function makeRole(client: pg.Client, { role, login }: { readonly role: string; readonly login: string | undefined }, names: Names): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role])
  if (rowCount === 0) await unlessDone(client, `create role ${names.role} nologin nosuperuser nobypassrls nocreatedb nocreaterole`)
  if (names.login === undefined || names.login === names.role) return
  const { rowCount: member } = await client.query(
    'select from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles l on l.oid = m.member where r.rolname = $1 and l.rolname = $2', [role, login])
  if (member === 0) await unlessDone(client, `grant ${names.role} to ${names.login}`)
}

/** Roles are the server's: a migration in another database may do the same at the same moment, and then it is done. */
async function unlessDone(client: pg.Client, sql: string): Promise<void> {
  await client.query('savepoint attempt')
  try {
    await client.query(sql)
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError) || (cause.code !== '42710' && cause.code !== '23505')) throw cause
    await client.query('rollback to savepoint attempt')
  }
  await client.query('release savepoint attempt')
}

const HISTORY = 'create table if not exists migration (version integer primary key, at timestamptz not null default now())'

async function bring(client: pg.Client, schema: string, names: Names): Promise<void> {
  const made = await whatIsMade(client)
  await client.query(`create schema if not exists ${names.schema}`)
  await client.query(sayAlike(names.schema))
  await client.query(HISTORY)
  const { rows: [found] } = await client.query<{ version: number }>('select coalesce(max(version), 0) as version from migration')
  const [version, noted] = [found?.version ?? 0, await readNote(client, schema)]
  if (version > STEPS.length || (noted?.build ?? 0) > BUILD) {
    throw new Fault('storage_newer', `The schema ${schema} was made by a newer version of Portcullis: install that version.`)
  }
  for (const [index, step] of STEPS.entries()) {
    if (index < version) continue
    await client.query(step)
    await client.query('insert into migration (version) values ($1)', [index + 1])
  }
  const note = noteOf(names.schema, made)
  assertMade(note, made, await readStructure(client, schema))
  await replaceFunctions(client, schema, names, noted?.functions === note.functions)
  if (JSON.stringify(noted) !== JSON.stringify(note)) await client.query(`comment on schema ${names.schema} is ${pg.escapeLiteral(JSON.stringify(note))}`)
}

/** The tables as all steps make them on this server, seen in a schema that is gone at once: versions of PostgreSQL word them differently. */
async function whatIsMade(client: pg.Client): Promise<Structure> {
  const name = `portcullis ${randomUUID()}`
  const scratch = pg.escapeIdentifier(name)
  await client.query(`create schema ${scratch}`)
  await client.query(sayAlike(scratch))
  await client.query([HISTORY, ...STEPS].join(';'))
  const made = await readStructure(client, name)
  await client.query(`set local client_min_messages = warning; drop schema ${scratch} cascade`)
  return made
}

function assertMade(note: BuildNote, made: Structure, found: Structure): void {
  const table = otherTable(note, found)
  if (table === undefined) return
  const [wanted, there] = [made, found].map((structure) => (structure.get(table) ?? '').split('\n')) as [string[], string[]]
  const more = there.find((line) => !wanted.includes(line))
  const missing = wanted.find((line) => !there.includes(line))
  const says = [missing === undefined ? '' : `there should be "${missing}"`, more === undefined ? '' : `there is "${more}"`].filter(Boolean).join(', and ')
  wrong(`The table ${table} is not as the migration makes it: ${says || 'the order of its columns is another'}.`)
}

/** Functions have no history: what is there becomes what this build needs. Those that are right are left alone: processes call them meanwhile. */
async function replaceFunctions(client: pg.Client, schema: string, names: Names, areNoted: boolean): Promise<void> {
  const found = await readFunctions(client, schema)
  if (areNoted && areOfThisBuild(found, schema)) return
  for (const { signature } of found) await client.query(`drop routine ${signature}`)
  for (const made of FUNCTIONS) await client.query(functionText(made, names.schema))
  if (!areOfThisBuild(await readFunctions(client, schema), schema)) throw new Fault('storage_failed', 'PostgreSQL says the functions otherwise than this build writes them.')
}

async function grant(client: pg.Client, name: string, { schema, role }: Names): Promise<void> {
  const tables = Object.entries(TENANT_TABLES).map(([table, rights]) => `grant select, ${rights} on ${table} to ${role};`)
  const holders = new Set((await readRights(client, name)).flatMap(({ holder }) => (holder === null ? [] : [pg.escapeIdentifier(holder)])))
  const all = ['public', ...holders.add(role)].join(', ')
  await client.query(`
    revoke all on schema ${schema} from ${all} cascade;
    revoke all on all tables in schema ${schema} from ${all} cascade;
    revoke all on all routines in schema ${schema} from ${all} cascade;
    grant usage on schema ${schema} to ${role};
    grant select on migration to ${role};
    ${tables.join('\n')}
    grant execute on all functions in schema ${schema} to ${role};
  `)
}
