import type { Approval } from '../approvals/approval.ts'
import type { AdmissionJudgement } from '../ledger/admit.ts'
import type {
  AbandonItem, AdmitAnswer, AdmitItem, CloseAnswer, CompleteItem, NoteAnswer, NoteItem, OpenCall, ReconcileItem, VoteAnswer, VoteItem,
} from '../ledger/item.ts'
import type { Usage } from '../quotas/reserve.ts'

/**
 * One tenant's durable decisions. Consume, reserve and append verbs only: nothing can be read and then written. Every verb that
 * changes something is durable before it answers, and rejects when that cannot be told.
 */
export interface Ledger {
  admit(item: AdmitItem): Promise<AdmitAnswer>
  complete(item: CompleteItem): Promise<CloseAnswer>
  abandon(item: AbandonItem): Promise<CloseAnswer>
  reconcile(item: ReconcileItem): Promise<CloseAnswer>
  note(item: NoteItem): Promise<NoteAnswer>
  vote(item: VoteItem): Promise<VoteAnswer>
  /** After an unknown commit: the intent if it is open. */
  recall(callId: string): Promise<OpenCall | undefined>
  /** Open intents past their deadline, oldest first. `exclusive` stores hand out all of a dead owner's at once. */
  due(query: { readonly limit: number }): Promise<readonly OpenCall[]>
  /** What admission would decide now. Changes nothing. */
  judge(item: Pick<AdmitItem, 'principal' | 'limits' | 'approval'>): Promise<AdmissionJudgement>
  approval(id: string): Promise<Approval | undefined>
  /** Calls of one principal in the current billing period. */
  callsOf(principal: string): Promise<Usage>
}
