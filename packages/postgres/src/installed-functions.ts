import type pg from 'pg'
import { FUNCTIONS, settingsOf } from './migrations/0003-step.ts'

/** A function as PostgreSQL has it. */
export interface InstalledFunction {
  readonly name: string
  /** With the types of its parameters, as `drop function` takes it. */
  readonly signature: string
  /** With names, types and defaults. */
  readonly parameters: string
  readonly returns: string
  readonly body: string
  readonly definer: boolean
  readonly settings: readonly string[] | null
  readonly language: string
  /** Whether it is called, planned and run as a function is that was declared volatile and nothing else. */
  readonly plain: boolean
}

/** Everything in the schema that can be called. After `sayAlike`. */
export async function readFunctions(client: pg.ClientBase, schema: string): Promise<readonly InstalledFunction[]> {
  const { rows } = await client.query<InstalledFunction>(`
    select p.proname as name, p.oid::regprocedure::text as signature, pg_get_function_arguments(p.oid) as parameters, pg_get_function_result(p.oid) as returns,
      p.prosrc as body, p.prosecdef as definer, p.proconfig as settings, l.lanname as language,
      p.prokind = 'f' and p.provolatile = 'v' and p.proparallel = 'u' and not p.proisstrict and not p.proleakproof and not p.proretset and p.prosupport::oid = 0 as plain
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang where n.nspname = $1`, [schema])
  return rows
}

/** Word by word, and nothing besides. */
export function areOfThisBuild(found: readonly InstalledFunction[], schema: string): boolean {
  const settings = String(settingsOf(schema))
  const wanted = new Set(FUNCTIONS.map(({ name, parameters, returns, body }) => JSON.stringify([name, asRead(parameters), returns, body])))
  const there = new Set(found.map(({ name, parameters, returns, body }) => JSON.stringify([name, parameters, returns, body])))
  return found.length === wanted.size && there.size === wanted.size && [...there].every((one) => wanted.has(one)) && found.every((installed) =>
    installed.plain && !installed.definer && installed.language === 'plpgsql' && String(installed.settings).replaceAll('"', '') === settings)
}

/** Parameters as PostgreSQL says them. */
const asRead = (parameters: string): string => parameters.replace(/\s+/g, ' ').replace(/\bout /g, 'OUT ')
