import type { Prepared } from './chain/08-arguments.ts'
import { denyDispatch } from './chain/11-dispatch.ts'
import { deny, pass, type Deny, type Pass } from './chain/verdict.ts'
import type { CustomerKey } from './connectors/connector.ts'
import { checkedOwner } from './dispatching.ts'
import { Fault } from './fault.ts'
import type { DispatchContext } from './ports/dispatcher.ts'
import { SHED } from './refuse.ts'
import type { Run } from './run.ts'
import type { Runtime } from './runtime.ts'

/** Calls of one principal that ask for owners at the same time. */
export const ASKING_AT_ONCE = 128

export type Owners = Pass<readonly (CustomerKey | undefined)[]> | Deny<'dispatch'> | Deny<'ingress'>

/**
 * Asks the vendor whose the records are that a write names, in the order in which it claims them (IS-07). That they are asked for is
 * durable before; equal askings of a minute are one record, and whoever was refused too often asks nothing more for a while (CH-18).
 */
export async function askOwners(runtime: Runtime, run: Run, prepared: Prepared, context: DispatchContext, bounded: (work: () => Promise<unknown>) => Promise<unknown>): Promise<Owners> {
  const { claimed } = prepared
  if (claimed.length === 0) return pass([])
  const { who } = run.subject
  if (who === undefined) throw new Fault('not_authenticated', 'The request has no tenant yet.')
  const { tenant } = who.claims
  const { shedder, probes, clock, callMs } = runtime
  if ([shedder, probes].some((bucket) => bucket.isEmpty(tenant, who.principal.id, who.claims.credential, clock.now()))) return SHED

  const owners = await runtime.asking.run(JSON.stringify([tenant, who.principal.id]), async (): Promise<Owners> => {
    const asked = { call: context.callId, records: claimed.map(({ record }) => record) }
    const noted = await runtime.refusals.note({ ...run.subject, claims: who.claims }, 'ownership', undefined, asked).catch((cause: unknown) => {
      throw new Fault('audit_unavailable', 'The record could not be made durable.', { cause })
    })
    if (noted === 'shed') return SHED
    const until = clock.monotonic() + callMs
    const found: (CustomerKey | undefined)[] = []
    for (const { record, id } of claimed) {
      if (clock.monotonic() > until) return deny('dispatch', 'connector_timeout', { effect: 'none' })
      const answer = checkedOwner(await bounded(() => runtime.dispatcher.owner({ ...context, record, id })))
      if (answer.kind === 'owner') found.push(answer.key)
      else if (answer.kind === 'failed' && answer.failure === 'not_found') found.push(undefined)
      else return { ...denyDispatch({ risk: 'read' }, answer), effect: 'none' }
    }
    return pass(found)
  })
  return owners ?? SHED
}
