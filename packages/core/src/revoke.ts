import { within } from './deadline.ts'
import { Fault } from './fault.ts'
import { recordBody } from './record.ts'
import type { Runtime } from './runtime.ts'
import { isId } from './tenancy/reach.ts'
import { holderKey, type TokenHolder } from './tenancy/standing.ts'

/**
 * Ends every token that a holder was given so far, in every process that shares the store: the next admission anywhere is decided anew,
 * and whatever else is answered from memory knows it within seconds. The event is in the tenant's log.
 * @throws Fault `tenant_unknown`, `holder_invalid`, or why the store cannot do it; then the tokens may still hold.
 */
export async function revoke(runtime: Runtime, tenant: string, holder: TokenHolder): Promise<void> {
  const { plane, doors, clock, portMs } = runtime
  if (!plane.tenants().includes(tenant)) throw new Fault('tenant_unknown', 'There is no such tenant.')
  if (holder.kind !== 'tenant' && ((holder.kind !== 'principal' && holder.kind !== 'credential') || !isId(holder.id))) throw new Fault('holder_invalid', 'Name the tenant, a principal or a credential.')
  const door = await doors.open(tenant)
  const { authorization } = await within(clock, portMs, door.revoke(holder))
  plane.outdated?.(tenant, authorization)
  await door.ledger.note({ kind: 'note', body: recordBody('event', { event: 'tokens_ended', tenant, actors: ['deployment'], holder: holderKey(holder), versions: { facts: authorization } }) })
}
