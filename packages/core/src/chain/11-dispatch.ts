import type { Approved } from './10-approval.ts'
import { Fault } from '../fault.ts'
import type { Tool } from '../connectors/connector.ts'
import type { AdmitAnswer } from '../ledger/item.ts'
import type { DispatchAnswer } from '../ports/dispatcher.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Effect } from './codes.ts'
import { deny, effectOf, pass, type Deny, type Verdict } from './verdict.ts'

/** A dispatch begins within this time of the commit of its intent, on the monotonic clock (ms). */
export const START_WITHIN = 5_000

/** Only admissions of the ledger are in here, each once: a dispatch takes it out. */
const admissions = new WeakSet<object>()

/** Marks an answer of the ledger as a durable intent, where it came from the ledger. */
export function registerAdmission(admission: Extract<AdmitAnswer, { kind: 'admitted' }>): void {
  admissions.add(admission)
}

/** Takes an admission for its one use. Evidence of an explanation, or of an admission that was used before, is a fault. */
export function takeAdmission(approved: Approved): void {
  if (!admissions.delete(approved.admission)) throw new Fault('not_admitted', 'An admission is used once.')
}

/** What came back: a value, or the vendor's word that there is no such record. */
export type VendorWord = { readonly missing: false; readonly value: unknown } | { readonly missing: true; readonly effect: Effect }

/** Proof of gate 11: what the connector answered. Nothing in it has been looked at yet. */
class VendorAnswered {
  readonly #approved: Approved
  readonly #word: VendorWord
  readonly #injected: readonly Secret[]

  constructor(approved: Approved, word: VendorWord, injected: readonly Secret[]) {
    this.#approved = approved
    this.#word = word
    this.#injected = injected
  }

  get approved(): Approved {
    return this.#approved
  }

  get word(): VendorWord {
    return this.#word
  }

  get injected(): readonly Secret[] {
    return this.#injected
  }
}
export type Answered = VendorAnswered

/** Gate 11: what became of the dispatch. A vendor's missing record is left to gate 13, which knows its one wording. */
export function decideDispatch(approved: Approved, answer: DispatchAnswer): Verdict<'dispatch', Answered> {
  if (answer.kind === 'succeeded') return pass(new VendorAnswered(approved, { missing: false, value: answer.value }, answer.injected ?? []))
  const denied = denyDispatch(approved.owned.prepared.permitted.ready.known.named.tool, answer)
  const missing = answer.kind === 'failed' && answer.failure === 'not_found'
  return missing ? pass(new VendorAnswered(approved, { missing, effect: effectOf(denied) }, [])) : denied
}

/** A failed dispatch as a denial; reads never have an effect. */
export function denyDispatch(tool: Pick<Tool, 'risk'>, answer: Exclude<DispatchAnswer, { kind: 'succeeded' }>): Deny<'dispatch'> {
  const reads = tool.risk === 'read'
  switch (answer.kind) {
    case 'not_sent':
      return deny('dispatch', answer.code, { effect: 'none' })
    case 'unknown':
      return deny('dispatch', answer.code, { effect: reads ? 'none' : 'unknown' })
    case 'failed': {
      const code = answer.failure === 'connector_timeout' || answer.failure === 'cancelled' ? answer.failure : 'connector_failed'
      const more = answer.retryAfter === undefined ? {} : { retryAfter: answer.retryAfter }
      return deny('dispatch', code, { effect: reads || !answer.sent ? 'none' : 'unknown', ...(code === 'connector_failed' ? { detail: answer.failure } : {}), ...more })
    }
  }
}
