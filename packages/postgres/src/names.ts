import { Fault } from '@portcullis/core'

const NAME = /^[a-z_][a-z0-9_]{0,39}$/

/**
 * A schema or role as it stands in SQL text, quoted.
 * @throws Fault `storage_name_invalid` unless 1 to 40 lower-case letters, digits and underscores, no digit first, not PostgreSQL's own.
 */
export function sqlName(name: string): string {
  if (typeof name !== 'string' || !NAME.test(name) || name.startsWith('pg_') || name === 'none' || name === 'public') {
    throw new Fault('storage_name_invalid', 'A schema or role has 1 to 40 lower-case letters, digits and underscores, begins with no digit, and is not one of PostgreSQL\'s own.')
  }
  return `"${name}"`
}
