import { decideSubscription } from './chain/05-subscription.ts'
import { decideConnector } from './chain/06-connector.ts'
import { decideReadiness } from './chain/07-readiness.ts'
import { decidePolicy } from './chain/08-policy.ts'
import { knownTools, type Known, type Snapshotted } from './chain/04-snapshot.ts'
import type { TargetKind } from './connectors/own.ts'
import type { AnyDeny } from './chain/verdict.ts'

/** What a caller sees of a tool that is listed: callable now, or after something that the caller can do alone. */
export interface Visible {
  readonly known: Known
  /** What the caller has to cure first. */
  readonly cure?: 'scope_forbids' | 'step_up_required'
}

/** The tools that are listed: gates 5 to 8 pass for them, or fail only by something the caller can cure alone (CH-15). Sync and pure. */
export function visible(base: Snapshotted, kind?: TargetKind): readonly Visible[] {
  const listed: Visible[] = []
  for (const known of knownTools(base, kind)) {
    const stopped = judgeTool(known)
    if (stopped === undefined) listed.push({ known })
    else if (stopped.curable === true && (stopped.code === 'scope_forbids' || stopped.code === 'step_up_required')) listed.push({ known, cure: stopped.code })
  }
  return listed
}

function judgeTool(known: Known): AnyDeny | undefined {
  const subscribed = decideSubscription(known)
  if (subscribed.kind !== 'pass') return subscribed
  const entitled = decideConnector(subscribed.proof)
  if (entitled.kind !== 'pass') return entitled
  const ready = decideReadiness(entitled.proof)
  if (ready.kind !== 'pass') return ready
  const permitted = decidePolicy(ready.proof)
  return permitted.kind === 'pass' ? undefined : permitted
}
