import type pg from 'pg'
import { FUNCTIONS, settingsOf } from './migrations/0003-step.ts'

/** A function as PostgreSQL has it. */
export interface InstalledFunction {
  readonly name: string
  /** With its parameters, as `drop function` takes it. */
  readonly signature: string
  readonly body: string
  readonly definer: boolean
  readonly settings: readonly string[] | null
  readonly language: string
}

/** Everything in the schema that can be called. */
export async function readFunctions(client: pg.ClientBase, schema: string): Promise<readonly InstalledFunction[]> {
  const { rows } = await client.query<InstalledFunction>(`
    select p.proname as name, p.oid::regprocedure::text as signature, p.prosrc as body, p.prosecdef as definer, p.proconfig as settings, l.lanname as language
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang where n.nspname = $1`, [schema])
  return rows
}

/** Word by word, and nothing besides. */
export function areOfThisBuild(found: readonly InstalledFunction[], schema: string): boolean {
  const wanted = new Map(FUNCTIONS.map(({ name, body }) => [name, body]))
  const settings = String(settingsOf(schema))
  return found.length === wanted.size && found.every((installed) =>
    wanted.get(installed.name) === installed.body && !installed.definer && installed.language === 'plpgsql' && String(installed.settings).replaceAll('"', '') === settings)
}
