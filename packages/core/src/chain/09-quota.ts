import type { AdmissionJudgement } from '../ledger/admit.ts'
import type { AdmitAnswer } from '../ledger/item.ts'
import type { Owned } from './08-arguments.ts'
import { deny, pass, type Verdict } from './verdict.ts'

/** What the ledger decided, or would decide, about a call. */
export type Admission = Exclude<AdmitAnswer, { kind: 'changed' | 'repeated' | 'conflict' }> | AdmissionJudgement

/** Proof of gate 9. The ledger reserved the call in the same transaction that decided gate 10. */
class CallReserved {
  readonly #owned: Owned
  readonly #admission: Admission

  constructor(owned: Owned, admission: Admission) {
    this.#owned = owned
    this.#admission = admission
  }

  get owned(): Owned {
    return this.#owned
  }

  get admission(): Admission {
    return this.#admission
  }
}
export type Reserved = CallReserved

/** Gate 9: the ledger's word on included calls and rate. */
export function decideQuota(owned: Owned, admission: Admission): Verdict<'quota', Reserved> {
  if (admission.kind !== 'quota') return pass(new CallReserved(owned, admission))
  return deny('quota', admission.code, admission.retryAfter === undefined ? {} : { retryAfter: admission.retryAfter })
}
