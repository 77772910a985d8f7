import type { Releasable } from './chain/13-respond.ts'
import type { AnyDeny, Pass } from './chain/verdict.ts'
import { tell, type Outcome } from './outcome.ts'
import type { Runtime } from './runtime.ts'
import { sealRound } from './secrets/sealed-round.ts'

/** How long the state of a call that asked holds (ms). */
const ROUND_MS = 900_000

/** What a caller is told of the last verdict on a call: its answer, its question, or why there is none. */
export function outcomeOf({ ids, clock, sealKey }: Runtime, verdict: Pass<Releasable> | AnyDeny, decisionId: string): Outcome {
  if (verdict.kind !== 'pass') return tell(verdict, decisionId)
  const { text, ask, prepared } = verdict.proof
  if (ask === undefined) return { kind: 'result', text, decisionId, ...(prepared.permitted.ready.known.named.tool.own === undefined ? {} : { raw: true }) }
  const round = { binding: prepared.binding(), callId: prepared.round?.callId ?? decisionId, expiresAt: clock.now() + ROUND_MS, state: ask.state }
  return { kind: 'asked', requests: ask.inputRequests, state: sealRound(sealKey, ids.next('rnd'), round), decisionId }
}
