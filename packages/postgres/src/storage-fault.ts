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

/** What sockets and name servers say, and `pg` of its connections, in which there is no code. */
const OF_A_SOCKET = /^(?:E(?!RR_)[A-Z_]{3,}|[A-Z_]*(?:SSL|TLS|CERT|ISSUER|SIGNATURE)[A-Z_]*)$/
const OF_A_CONNECTION = /connect|terminated|not queryable|was closed|SSL|SASL|SCRAM|password|pool after calling end/i

/**
 * What went wrong as one sentence with a stable code: `storage_unreachable`, `storage_timeout`, `storage_full`, `storage_overloaded`,
 * `storage_forbidden`, `storage_read_only`, `storage_missing`, or `storage_failed` for anything else. An error that one item caused
 * stays what it is, so that the ledger's queue refuses that item alone; so does a batch that was too long to be written out, so that
 * the queue sends it in halves: nothing of either was done.
 */
export function storageFault(cause: unknown): unknown {
  if (cause instanceof Fault || !(cause instanceof Error) || cause instanceof RangeError) return cause
  const state = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  const ofServer = 'severity' in cause && /^[0-9A-Z]{5}$/.test(state)
  if (ofServer && OF_AN_ITEM.has(state.slice(0, 2))) return cause
  const [code, says] = ofServer ? (KNOWN[state] ?? KNOWN[state.slice(0, 2)] ?? ['storage_failed', `PostgreSQL could not do it (${state}).`]) : ofClient(cause, state)
  return new Fault(code, says, { cause })
}

function ofClient({ message }: Error, code: string): readonly [code: string, says: string] {
  if (/timeout/i.test(message) || code === 'ETIMEDOUT') return ['storage_timeout', 'PostgreSQL did not answer in time.']
  if (OF_A_SOCKET.test(code) || OF_A_CONNECTION.test(message)) return ['storage_unreachable', 'PostgreSQL cannot be reached, or the connection was lost.']
  return ['storage_failed', 'What PostgreSQL was asked, or what it answered, could not be made sense of.']
}

/** Where no queue is to send anything in halves, or it has done so: what `storageFault` left as it was is `storage_failed`. */
export function itemFault(fault: unknown): unknown {
  const state = fault instanceof Error && 'severity' in fault && 'code' in fault ? ` (${String(fault.code)})` : undefined
  if (state === undefined && !(fault instanceof RangeError)) return fault
  return new Fault('storage_failed', `PostgreSQL does not take what it was given${state ?? ''}.`, { cause: fault })
}

/** A lock was not free in time. */
export const wasHeld = (fault: unknown): boolean =>
  fault instanceof Fault && fault.cause instanceof Error && 'code' in fault.cause && fault.cause.code === '55P03'
