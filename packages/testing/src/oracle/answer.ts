import { ticketsOf, type Mood, type Ticket } from '../world/vendor.ts'
import type { Input } from './arguments.ts'
import { no, type Expected } from './expected.ts'
import type { Entered } from './request.ts'
import type { Found } from './tools.ts'

/** Gates 11 and 13: what is left of what the vendor does. `sent` is false when the call surely never left. */
export function answerOf({ person, customer }: Entered, { facts, instanceId }: Found, input: Input, key: number | undefined): { readonly sent: boolean; readonly expected: Expected } {
  const reads = facts.risk === 'read'
  const after = reads ? 'none' : 'done'
  const unsure = reads ? 'none' : 'unknown'
  const came = (expected: Expected) => ({ sent: true, expected })
  const mood = input['mood'] as Mood | undefined
  const all = ticketsOf(`${person.tenant}/${instanceId}`)
  const mine = all.filter((ticket) => customer === undefined || ticket.client_id === key)
  const one = facts.takes === 'record' ? all.find(({ id }) => id === input['id']) : all.find(({ client_id: theirs }) => theirs === (key ?? 10))
  const single = facts.gives === 'ticket'
  // A vendor that misbehaves does so about some ticket, also when the one that was asked for does not exist.
  const shown = one ?? (all[0] as Ticket)
  const theirs = single && customer !== undefined && shown.client_id !== key

  switch (mood) {
    case 'limited': return came(no('dispatch', 'connector_failed'))
    case 'conflict': return came(no('dispatch', 'connector_failed', { effect: unsure }))
    case 'late': return came(no('dispatch', 'connector_timeout', { effect: unsure }))
    case 'lost': return came(no('dispatch', 'connector_failed', { effect: unsure }))
    case 'cancelled': return came(no('dispatch', 'cancelled'))
    case 'no_credential': return { sent: false, expected: no('dispatch', 'credential_unavailable') }
    case 'elsewhere': return { sent: false, expected: no('dispatch', 'endpoint_forbidden') }
    // What has no shape has no owner; only where nobody else could own it does it just not fit.
    case 'misshapen': return came(no('respond', customer === undefined ? 'output_invalid' : 'customer_leak_blocked', { effect: after }))
    case 'echo': return came(theirs ? no('respond', 'record_not_found', { effect: after }) : single || mine.length > 0 ? no('respond', 'secret_echo', { effect: after }) : { kind: 'result', value: { tickets: [] } })
    case 'huge': return came(theirs ? no('respond', 'record_not_found', { effect: after }) : no('respond', 'output_too_large', { effect: after }))
    case 'keyless':
      if (customer === undefined) return came(no('respond', 'output_invalid', { effect: after }))
      return came(single ? no('respond', 'customer_leak_blocked', { effect: after }) : { kind: 'result', value: { tickets: [] } })
    case 'foreign': {
      const strange = (ticket: Ticket) => ({ ...ticket, client_id: 77 })
      if (customer === undefined) return came({ kind: 'result', value: single ? { ticket: strange(shown) } : { tickets: all.map(strange) } })
      return came(single ? no('respond', 'record_not_found', { effect: after }) : { kind: 'result', value: { tickets: [] } })
    }
    case undefined:
      if (!single) return came({ kind: 'result', value: { tickets: mine } })
      if (one === undefined) return came(no('respond', 'record_not_found'))
      return came(theirs ? no('respond', 'record_not_found', { effect: after }) : { kind: 'result', value: { ticket: one } })
  }
}
