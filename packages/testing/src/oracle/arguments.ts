import { MOODS, ticketsOf, UNREACHABLE_TICKET } from '../world/vendor.ts'
import { no, type Stopped } from './expected.ts'
import type { Entered } from './request.ts'
import type { Found } from './tools.ts'

export type Input = Readonly<Record<string, unknown>>

const isNote = (value: unknown): boolean => value === undefined || (typeof value === 'string' && value.length <= 20)
const isMood = (value: unknown): boolean => value === undefined || (MOODS as readonly unknown[]).includes(value)

/** What the tool takes of what was sent, in the order of its fields; undefined when that is not valid. */
export function accept({ facts }: Found, sent: unknown, key: number | undefined): Input | undefined {
  const raw = sent ?? {}
  if (typeof raw !== 'object' || Array.isArray(raw)) return undefined
  const { id, note, mood, status, client_id: clientId } = raw as Input
  if (!isMood(mood)) return undefined
  switch (facts.takes) {
    case 'filter':
      return status === undefined || status === 'open' || status === 'closed' ? { status, mood } : undefined
    case 'record':
      return Number.isInteger(id) && isNote(note) ? { id, note, mood } : undefined
    case 'keyed': // the gateway fills the key in, and takes it from nobody
      return clientId === undefined && isNote(note) ? { client_id: key, note, mood } : undefined
  }
}

/** IS-07: every record that a write names is the customer's, before anything happens. */
export function owned({ person, customer }: Entered, { facts, instanceId }: Found, { id }: Input, key: number | undefined): Stopped | undefined {
  if (facts.risk === 'read' || facts.takes !== 'record' || customer === undefined) return undefined
  if (id === UNREACHABLE_TICKET) return no('dispatch', 'connector_failed')
  const ticket = ticketsOf(`${person.tenant}/${instanceId}`).find((candidate) => candidate.id === id)
  return ticket !== undefined && ticket.client_id === key ? undefined : no('policy', 'customer_out_of_scope')
}
