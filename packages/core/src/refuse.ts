import { deny, effectOf, type AnyDeny, type AnyHold } from './chain/verdict.ts'
import { tell, type Denial, type Held } from './outcome.ts'
import { nameOf } from './record.ts'
import type { Run } from './run.ts'
import type { Runtime } from './runtime.ts'

/**
 * Answers a verdict that stopped the chain, after it was recorded. Refusals of nobody known go to the deployment's counters and never
 * to a tenant's log; floods of known principals are shed before they reach it.
 */
export async function refuse(runtime: Runtime, run: Run, stopped: AnyDeny | AnyHold, decisionId: string, more: Readonly<Record<string, unknown>> = {}): Promise<Denial | Held> {
  const { claims, who } = run.subject
  if (claims === undefined) {
    runtime.count('anonymous_refusals')
    return tell(stopped, decisionId)
  }
  if (stopped.code === 'approval_required') return tell(stopped, decisionId) // opening the request made its record
  if (!runtime.shedder.take(claims.tenant, nameOf(claims, who), claims.credential, runtime.clock.now())) return shed(runtime, decisionId)
  try {
    const noted = await runtime.refusals.note({ ...run.subject, claims }, 'refusal', stopped, { decision: decisionId, gates: run.trace.toString(), ...more })
    return noted === 'shed' ? shed(runtime, decisionId) : tell(stopped, decisionId)
  } catch (fault) {
    runtime.onFault(fault)
    return tell(deny('audit', 'audit_unavailable', { effect: effectOf(stopped) }), decisionId)
  }
}

/** More than is answered in a minute. */
export const SHED = deny('ingress', 'shed', { retryAfter: 60 })

/** Answers that nothing was done, and counts it: the one thing that remains of a request that was shed. */
export function shed(runtime: Runtime, decisionId: string): Denial | Held {
  runtime.count('shed')
  return tell(SHED, decisionId)
}
