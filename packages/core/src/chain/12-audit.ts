import type { CloseAnswer } from '../ledger/item.ts'
import type { Effect } from './codes.ts'
import { deny, pass, type Verdict } from './verdict.ts'

/** Proof of gate 12: the outcome is durable. Only now may the answer leave. */
class OutcomeRecorded<Answer> {
  readonly #answer: Answer

  constructor(answer: Answer) {
    this.#answer = answer
  }

  get answer(): Answer {
    return this.#answer
  }
}
export type Recorded<Answer> = OutcomeRecorded<Answer>

/**
 * Gate 12: no answer without its record. The verdict of gate 13 is in that record, so `answer` was made before; it is released after.
 * `closed` is undefined when nobody can tell whether the record was written.
 */
export function decideAudit<Answer>(answer: Answer, closed: CloseAnswer | undefined, effect: Effect): Verdict<'audit', Recorded<Answer>> {
  return closed?.kind === 'closed' ? pass(new OutcomeRecorded(answer)) : deny('audit', 'audit_unavailable', { effect })
}
