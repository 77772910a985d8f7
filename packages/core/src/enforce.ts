import type { Call } from './call.ts'
import { decideAuthenticate } from './chain/01-authenticate.ts'
import { decideTenant } from './chain/02-tenant.ts'
import { decideCustomer } from './chain/03-customer.ts'
import { decideSnapshot, resolveTool, type Snapshotted } from './chain/04-snapshot.ts'
import { decideSubscription } from './chain/05-subscription.ts'
import { decideConnector } from './chain/06-connector.ts'
import { decideReadiness } from './chain/07-readiness.ts'
import { decideArguments, decideOwnership } from './chain/08-arguments.ts'
import { decidePolicy, type Permitted } from './chain/08-policy.ts'
import { decideQuota } from './chain/09-quota.ts'
import { decideApproval } from './chain/10-approval.ts'
import { decideDispatch } from './chain/11-dispatch.ts'
import { decideAudit } from './chain/12-audit.ts'
import { decideRespond } from './chain/13-respond.ts'
import { deny, type AnyDeny, type Pass } from './chain/verdict.ts'
import type { TargetKind } from './connectors/own.ts'
import type { Outcome } from './outcome.ts'
import { Passage } from './passage.ts'
import type { Run } from './run.ts'
import type { Runtime } from './runtime.ts'

/** The whole chain: thirteen gates, one order. Never rejects; whatever breaks refuses. */
export async function enforce(runtime: Runtime, call: Call): Promise<Outcome> {
  const passage = new Passage(runtime, call)
  try {
    return await passage.decide(throughTheGates)
  } catch (fault) {
    return passage.broken(fault)
  }
}

async function throughTheGates(passage: Passage): Promise<Outcome | 'changed'> {
  const { run, call, trace } = passage
  const entered = await enter(run)
  if (entered.kind !== 'pass') return run.straddles ? 'changed' : passage.refuse(entered)
  const permitted = permit(run, entered.proof, call.tool, call.kind)
  if (permitted.kind !== 'pass') return passage.refuse(permitted)
  const prepared = decideArguments(permitted.proof, await passage.arguments(entered.proof), { resumed: passage.resumed(), idempotencyKey: call.idempotencyKey })
  if (prepared.kind !== 'pass') return passage.refuse(trace.at('policy', prepared))
  const owners = await passage.owners(prepared.proof)
  if (owners.kind !== 'pass') return passage.refuse(owners.gate === 'dispatch' ? trace.at('dispatch', owners) : owners)
  const owned = trace.at('policy', decideOwnership(prepared.proof, owners.proof))
  if (owned.kind !== 'pass') return passage.refuse(owned)

  const startBy = passage.startBy()
  const admission = await passage.admit(owned.proof)
  if (admission.kind === 'changed') return 'changed'
  if (admission.kind === 'repeated') return passage.repeat(admission)
  if (admission.kind === 'conflict') return passage.refuse(trace.at('dispatch', deny('dispatch', 'idempotency_conflict', { effect: admission.effect })))
  const reserved = trace.at('quota', decideQuota(owned.proof, admission))
  if (reserved.kind !== 'pass') return passage.refuse(reserved)
  const approved = trace.at('approval', decideApproval(reserved.proof))
  if (approved.kind !== 'pass') return passage.refuse(approved)

  const answered = trace.at('dispatch', decideDispatch(approved.proof, await passage.dispatch(approved.proof, startBy)))
  const releasable = answered.kind === 'pass' ? trace.at('respond', decideRespond(answered.proof)) : answered
  const recorded = decideAudit(releasable, await passage.complete(releasable), passage.effect(releasable))
  return recorded.kind === 'pass' ? passage.release(recorded.proof) : passage.withhold(recorded)
}

/** Gates 1 to 4: they judge the request, whatever the tool or the method. */
export async function enter(run: Run): Promise<Pass<Snapshotted> | AnyDeny> {
  const { trace, request } = run
  const who = trace.at('authenticate', decideAuthenticate(await run.authentication()))
  if (who.kind !== 'pass') return who
  run.met({ who: who.proof })
  const place = trace.at('tenant', decideTenant(who.proof, request.tenantsNamed ?? []))
  if (place.kind !== 'pass') return place
  const scope = trace.at('customer', decideCustomer(place.proof, request.endpoint ?? { kind: 'plain' }))
  if (scope.kind !== 'pass') return scope
  run.met({ scope: scope.proof })
  const base = decideSnapshot(scope.proof, await run.snapshot(place.proof.tenant))
  return base.kind === 'pass' ? base : trace.at('snapshot', base)
}

/** The name, then gates 5 to 8 up to the arguments: sync, pure, and the same for a call, a list and an explanation. */
export function permit(run: Run, base: Snapshotted, name: string, kind?: TargetKind): Pass<Permitted> | AnyDeny {
  const { trace } = run
  const known = trace.at('snapshot', resolveTool(base, name, kind))
  if (known.kind !== 'pass') return known
  run.met({ known: known.proof })
  const subscribed = trace.at('subscription', decideSubscription(known.proof))
  if (subscribed.kind !== 'pass') return subscribed
  const entitled = trace.at('connector', decideConnector(subscribed.proof))
  if (entitled.kind !== 'pass') return entitled
  const ready = trace.at('readiness', decideReadiness(entitled.proof))
  if (ready.kind !== 'pass') return ready
  const permitted = decidePolicy(ready.proof)
  return permitted.kind === 'pass' ? permitted : trace.at('policy', permitted)
}
