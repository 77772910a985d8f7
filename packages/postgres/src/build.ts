import { createHash } from 'node:crypto'
import type pg from 'pg'
import { FUNCTIONS, functionText } from './migrations/0003-step.ts'
import type { Structure } from './structure.ts'

/** Raised by every release whose functions or tables are not those of the release before: an older build never replaces a newer one's. */
export const BUILD = 1

/** What the migration leaves behind as the schema's comment: which build it was, and the digest of each table as that build makes it on this server. */
export interface BuildNote {
  readonly build: number
  readonly functions: string
  readonly tables: Readonly<Record<string, string>>
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** `schema` is quoted already. */
export function noteOf(schema: string, structure: Structure): BuildNote {
  const functions = digest(FUNCTIONS.map((made) => functionText(made, schema)).join())
  return { build: BUILD, functions, tables: Object.fromEntries([...structure].map(([table, text]) => [table, digest(text)])) }
}

/** Undefined: none, or nothing that a migration wrote. */
export async function readNote(client: pg.ClientBase, schema: string): Promise<BuildNote | undefined> {
  const { rows: [found] } = await client.query<{ comment: string | null }>(`select obj_description(oid, 'pg_namespace') as comment from pg_namespace where nspname = $1`, [schema])
  try {
    const { build, functions, tables } = JSON.parse(found?.comment ?? '') as Partial<BuildNote>
    if (typeof build === 'number' && typeof functions === 'string' && typeof tables === 'object' && tables !== null) return { build, functions, tables }
  } catch {
    // somebody's own comment
  }
  return undefined
}

/** The first table that is not as it was noted, or is not there, or was not noted. */
export function otherTable({ tables }: BuildNote, structure: Structure): string | undefined {
  const names = new Set([...Object.keys(tables), ...structure.keys()])
  return [...names].find((name) => tables[name] === undefined || tables[name] !== digest(structure.get(name) ?? ''))
}
