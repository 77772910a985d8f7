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

/** Whose tickets: those of the tenant whose token it was. For a handler that was reached past the gates this throws. */
export const tenantOf: TenantOf = (context) => callerOf(context).tenant
