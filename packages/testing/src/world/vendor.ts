import { Secret } from '@portcullis/core'
import type { DispatchAnswer, Dispatcher, DispatchJob } from '@portcullis/core/ports'
import { CATALOGUE } from './catalogue.ts'

/** How a pretended vendor can behave: each is the value of an argument that every pretended tool takes. Absent = well. */
export const MOODS = [
  'limited', 'conflict', 'late', 'lost', 'cancelled', 'no_credential', 'elsewhere', 'echo', 'misshapen', 'huge', 'keyless', 'foreign',
] as const
export type Mood = (typeof MOODS)[number]

/** Customers' keys at every pretended vendor: the same in all tenants, on purpose. */
export const KEYS: Readonly<Record<string, number>> = { acme: 10, globex: 20, initech: 30 }
/** Asked for the owner of this ticket, the vendor is not reachable. */
export const UNREACHABLE_TICKET = 500
const HUGE = 'x'.repeat(1_100_000)
const CREDENTIAL = 'the-credential-of-the-vendor'

export interface Ticket {
  readonly id: number
  readonly client_id: number
  readonly summary: string
}

/** What the vendor behind one instance holds: one ticket for each customer's key. */
export const ticketsOf = (place: string): readonly Ticket[] =>
  Object.values(KEYS).map((key) => ({ id: key * 10 + 1, client_id: key, summary: `${place} ${key}` }))

/** A dispatcher with pretended vendors behind it: no network, no time, nothing but answers. `seen` is told of each dispatch. */
export function pretendedDispatcher(seen: (job: DispatchJob) => void = () => undefined): Dispatcher {
  return {
    dispatch: async (job) => {
      seen(job)
      return answer(job)
    },
    owner: async ({ tenant, instance, id }) => {
      if (id === UNREACHABLE_TICKET) return { kind: 'failed', failure: 'unavailable', sent: false }
      return { kind: 'owner', key: ticketsOf(`${tenant}/${instance}`).find((ticket) => ticket.id === id)?.client_id }
    },
  }
}

function answer({ tenant, instance, connector, tool, input, customer }: DispatchJob): DispatchAnswer {
  const { mood, id } = input as { readonly mood?: Mood; readonly id?: number }
  const facts = CATALOGUE.find((candidate) => candidate.id === connector.id)?.tools.find(({ name }) => name === tool.name)
  const all = ticketsOf(`${tenant}/${instance}`)
  const key = customer?.key ?? 10
  const one = facts?.takes === 'record' ? all.find((ticket) => ticket.id === id) : all.find((ticket) => ticket.client_id === key)
  const [first] = all
  const give = (change: (ticket: Ticket) => object): unknown => {
    if (facts?.gives === 'tickets') return { tickets: all.map(change) }
    return { ticket: change(one ?? first ?? { id: 0, client_id: 0, summary: '' }) }
  }
  switch (mood) {
    case 'limited': return { kind: 'failed', failure: 'limited', sent: false, retryAfter: 7 }
    case 'conflict': return { kind: 'failed', failure: 'conflict', sent: true }
    case 'late': return { kind: 'unknown', code: 'connector_timeout' }
    case 'lost': return { kind: 'unknown', code: 'connector_failed' }
    case 'cancelled': return { kind: 'failed', failure: 'cancelled', sent: false }
    case 'no_credential': return { kind: 'not_sent', code: 'credential_unavailable' }
    case 'elsewhere': return { kind: 'not_sent', code: 'endpoint_forbidden' }
    case 'echo': return { kind: 'succeeded', value: give((ticket) => ({ ...ticket, summary: CREDENTIAL })), injected: [Secret.of(CREDENTIAL)] }
    case 'misshapen': return { kind: 'succeeded', value: { tickets: 7, ticket: 7 } }
    case 'huge': return { kind: 'succeeded', value: give((ticket) => ({ ...ticket, summary: HUGE })) }
    case 'keyless': return { kind: 'succeeded', value: give(({ id: itsId, summary }) => ({ id: itsId, summary })) }
    case 'foreign': return { kind: 'succeeded', value: give((ticket) => ({ ...ticket, client_id: 77 })) }
    default:
      return facts?.gives === 'ticket' && one === undefined ? { kind: 'failed', failure: 'not_found', sent: false } : { kind: 'succeeded', value: give((ticket) => ticket) }
  }
}
