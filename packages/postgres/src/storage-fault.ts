import { Fault } from '@portcullis/core'

/** By SQLSTATE, or its class: what it means to whoever runs this. */
const KNOWN: Readonly<Record<string, readonly [code: string, says: string]>> = {
  '57014': ['storage_timeout', 'PostgreSQL did not answer in time.'],
  '55P03': ['storage_timeout', 'PostgreSQL did not give a lock in time.'],
  '53100': ['storage_full', 'PostgreSQL has no room left: free disk space, then try again.'],
  '53300': ['storage_unreachable', 'PostgreSQL takes no more connections: raise max_connections, or lower what the processes open.'],
  '42501': ['storage_forbidden', 'PostgreSQL refuses: the connection lacks a right. Run the migration again with the role and login that the application uses.'],
  '25006': ['storage_read_only', 'This PostgreSQL takes no writes: connect to the primary.'],
  '3F000': ['storage_missing', 'The schema is not there: run the migration.'],
  '42P01': ['storage_missing', 'A table is not there: run the migration.'],
  '42883': ['storage_missing', 'A function is not there or is another build\'s: run the migration of this version.'],
  '28P01': ['storage_forbidden', 'PostgreSQL does not accept the user and password.'],
  '28000': ['storage_forbidden', 'PostgreSQL does not accept this user.'],
  '08': ['storage_unreachable', 'The connection to PostgreSQL was lost.'],
  '57': ['storage_unreachable', 'PostgreSQL is shutting down or starting.'],
  '53': ['storage_overloaded', 'PostgreSQL has run out of something.'],
}

/** One value that does not fit, as opposed to a database that does not work: data, constraint, size of an index row. */
const OF_AN_ITEM = new Set(['22', '23', '54'])

/**
 * What went wrong as one sentence with a stable code: `storage_unreachable`, `storage_timeout`, `storage_full`, `storage_overloaded`,
 * `storage_forbidden`, `storage_read_only`, `storage_missing`, or `storage_failed` for anything else. An error that one item caused
 * stays what it is, so that the ledger's queue refuses that item alone.
 */
export function storageFault(cause: unknown): unknown {
  if (cause instanceof Fault || !(cause instanceof Error)) return cause
  const state = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  const ofServer = 'severity' in cause && /^[0-9A-Z]{5}$/.test(state)
  if (ofServer && OF_AN_ITEM.has(state.slice(0, 2))) return cause
  const timedOut = /timeout/i.test(cause.message) || state === 'ETIMEDOUT'
  const [code, says] = ofServer
    ? (KNOWN[state] ?? KNOWN[state.slice(0, 2)] ?? ['storage_failed', `PostgreSQL could not do it (${state}).`])
    : timedOut ? ['storage_timeout', 'PostgreSQL did not answer in time.'] : ['storage_unreachable', 'PostgreSQL cannot be reached, or the connection was lost.']
  return new Fault(code, says, { cause })
}
