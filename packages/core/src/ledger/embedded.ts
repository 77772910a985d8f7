import { NO_USAGE, periodOf } from '../quotas/reserve.ts'
import { judgeAdmission } from './admit.ts'
import type { AdmitAnswer, CloseAnswer, LedgerAnswer, LedgerItem, NoteAnswer, OpenCall, VoteAnswer } from './item.ts'
import { LedgerQueue } from './queue.ts'
import { assertRange } from './range.ts'
import { step } from './step.ts'
import type { LedgerView } from './view.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ledger } from '../ports/ledger.ts'

/** What an embedded store supplies; the rest of a ledger is the same for all of them. */
export interface EmbeddedStore {
  /** Runs within one transaction: everything that `work` changed is durable when it answers, or nothing is. */
  transact<T>(work: (view: LedgerView) => T): T
  /** For reading. */
  readonly view: LedgerView
  openCalls(query: { readonly before: number; readonly limit: number }): readonly OpenCall[]
}

/** A ledger over a synchronous store of one process: batches run the rules of this package in one transaction. */
export function embeddedLedger(store: EmbeddedStore, clock: Clock): Ledger {
  const queue = new LedgerQueue(async (items) => {
    const now = clock.now()
    return store.transact((view) => items.map((item): LedgerAnswer => step(view, item, now)))
  })
  const push = <A extends LedgerAnswer>(item: LedgerItem): Promise<A> => queue.push(item) as Promise<A>
  return {
    admit: (item) => push<AdmitAnswer>(item),
    complete: (item) => push<CloseAnswer>(item),
    abandon: (item) => push<CloseAnswer>(item),
    reconcile: (item) => push<CloseAnswer>(item),
    note: (item) => push<NoteAnswer>(item),
    vote: (item) => push<VoteAnswer>(item),
    recall: async (callId) => store.view.openCall(callId),
    due: async ({ limit }) => {
      assertRange({ from: 0, limit })
      return store.openCalls({ before: clock.now(), limit })
    },
    judge: async (item) => judgeAdmission(store.view, item, clock.now()),
    approval: async (id) => store.view.approval(id),
    callsOf: async (principal) => store.view.usage(`${periodOf(clock.now())} ${principal}`) ?? NO_USAGE,
  }
}
