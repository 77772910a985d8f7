import { callerOf, ownServer } from '@portcullis/mcp'
import type { TenantOf } from './existing/tickets.ts'

/** What the server offers, and how dangerous it is. What is not in here does not exist for callers. */
export const own = ownServer({
  title: 'Help desk',
  tools: { list_tickets: 'read', close_ticket: 'write', wipe_tickets: 'destructive' },
  resources: ['desk:///handbook'],
  templates: ['desk:///tickets/{id}'],
  prompts: ['reply'],
})

/** Whose tickets: those of the tenant whose token it was. A handler that was reached past the gates gets none. */
export const tenantOf: TenantOf = (context) => {
  const caller = callerOf(context)
  if (caller === undefined) throw new Error('Nobody calls.')
  return caller.tenant
}
