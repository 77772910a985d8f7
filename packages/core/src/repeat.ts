import { deny } from './chain/verdict.ts'
import { Fault } from './fault.ts'
import { effectOfKept, keptOutcome, keptText } from './kept-outcome.ts'
import type { AdmitAnswer, Idempotency } from './ledger/item.ts'
import { tell, type Outcome } from './outcome.ts'
import { nameOf } from './record.ts'
import { shed } from './refuse.ts'
import type { Run } from './run.ts'
import type { Runtime } from './runtime.ts'
import { openAnswer, sealAnswer, type AnswerOf } from './secrets/sealed-answer.ts'

export type Repeated = Extract<AdmitAnswer, { kind: 'repeated' }>

/** An outcome as it rests until the call is made again; undefined when it is too large, or ends nothing. */
export function keep({ ids, sealKey }: Runtime, of: AnswerOf, outcome: Outcome): string | undefined {
  const text = keptText(outcome)
  return text === undefined ? undefined : sealAnswer(sealKey, ids.next('kpt'), of, text)
}

/**
 * Answers a call that was made before with what was released then, once a record says so. Repeats cost no quota, so they are counted
 * and shed like refusals.
 * @throws Fault `kept_answer_broken` for an answer that is not the one of that call: never dispatched a second time.
 */
export async function repeat(runtime: Runtime, run: Run, asked: Idempotency, { callId, answer }: Repeated, decisionId: string): Promise<Outcome> {
  const { claims, who } = run.subject
  const text = claims === undefined ? undefined : openAnswer(runtime.sealKey, { ...asked, tenant: claims.tenant, callId }, answer)
  const kept = text === undefined ? undefined : keptOutcome(text, callId, decisionId)
  if (claims === undefined || kept === undefined) throw new Fault('kept_answer_broken', 'A kept answer is not the one of its call.')
  const effect = effectOfKept(kept)
  if (!runtime.shedder.take(claims.tenant, nameOf(claims, who), claims.credential, runtime.clock.now())) return shed(runtime, decisionId)
  try {
    const noted = await runtime.refusals.note({ ...run.subject, claims }, 'repeat', undefined, { decision: decisionId, gates: run.trace.toString(), repeats: callId, effect }, callId)
    return noted === 'shed' ? shed(runtime, decisionId) : kept
  } catch (fault) {
    runtime.onFault(fault)
    return tell(deny('audit', 'audit_unavailable', { effect }), decisionId)
  }
}
