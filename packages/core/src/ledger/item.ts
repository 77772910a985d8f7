import type { ApprovalRequest, Approval, Vote } from '../approvals/approval.ts'
import type { ApprovalAsk } from '../approvals/judge.ts'
import type { VoteRefusal } from '../approvals/vote.ts'
import type { DenyCode, HoldCode } from '../chain/stages.ts'
import type { Limits } from '../tenancy/snapshot.ts'

/** A key that the caller chose for a call that must happen once. Both are digests; `fingerprint` tells whether a later call is the same one. */
export interface Idempotency {
  readonly key: string
  readonly fingerprint: string
}

/** What is kept of a call with a key, for 24 hours from its admission. */
export interface KeptAnswer extends Idempotency {
  readonly callId: string
  /** ms */
  readonly expiresAt: number
  /** Whether an outcome was reported. */
  readonly done: boolean
  /** The sealed answer; absent while there is none, and when it was too large to keep. */
  readonly answer?: string | undefined
}

/**
 * What one tenant's ledger is asked to do. `body` is the text of a JSON object without its last brace: the store adds what only it
 * knows (`seq`, `at`, what it decided) and closes it.
 */
export interface AdmitItem {
  readonly kind: 'admit'
  readonly callId: string
  /** The authorization version that the decision was made on. */
  readonly authorization: number
  readonly principal: string
  readonly limits: Limits
  /** Destructive calls: the approval to consume, and the request to open if there is none. */
  readonly approval?: { readonly ask: ApprovalAsk; readonly request: ApprovalRequest } | undefined
  readonly idempotency?: Idempotency | undefined
  /** How long the call may take (ms, 0 to a hundred years; fractions count whole): when it is over, an open intent may be reconciled. */
  readonly deadlineMs: number
  /** What the reconciler needs to ask about the call. */
  readonly job: { readonly instance: string; readonly tool: string }
  readonly body: string
}

export interface CompleteItem {
  readonly kind: 'complete'
  readonly callId: string
  /** `not_sent` gives quota and approval back. */
  readonly status: 'succeeded' | 'failed' | 'unknown' | 'not_sent'
  /** The sealed answer, for a call that was admitted with an idempotency key: at most 64 kB. */
  readonly keep?: string | undefined
  readonly body: string
}

export interface AbandonItem {
  readonly kind: 'abandon'
  readonly callId: string
  readonly body: string
}

export interface ReconcileItem {
  readonly kind: 'reconcile'
  readonly callId: string
  readonly status: 'succeeded' | 'failed' | 'indeterminate'
  readonly body: string
}

export interface NoteItem {
  readonly kind: 'note'
  readonly body: string
}

export interface VoteItem {
  readonly kind: 'vote'
  readonly approvalId: string
  readonly authorization: number
  readonly vote: Omit<Vote, 'at'>
  readonly body: string
}

export type LedgerItem = AdmitItem | CompleteItem | AbandonItem | ReconcileItem | NoteItem | VoteItem

export type AdmitAnswer =
  | { readonly kind: 'admitted'; readonly seq: number; readonly at: number }
  | { readonly kind: 'changed'; readonly authorization: number }
  | { readonly kind: 'duplicate' }
  /** The same call was made with the same key before: this was its answer. */
  | { readonly kind: 'repeated'; readonly callId: string; readonly answer: string }
  /** Another call has the key (`none`), or the same one whose answer was not kept (`done`) or is not known (`unknown`). */
  | { readonly kind: 'conflict'; readonly effect: 'none' | 'done' | 'unknown' }
  | { readonly kind: 'quota'; readonly code: DenyCode<'quota'>; readonly retryAfter?: number }
  | { readonly kind: 'approval'; readonly code: DenyCode<'approval'> }
  | { readonly kind: 'held'; readonly code: HoldCode<'approval'>; readonly approvalId: string }

export type CloseAnswer = { readonly kind: 'closed'; readonly seq: number } | { readonly kind: 'not_open' }
export type NoteAnswer = { readonly kind: 'noted'; readonly seq: number }
export type VoteAnswer =
  | { readonly kind: 'voted'; readonly approval: Approval }
  | { readonly kind: 'changed'; readonly authorization: number }
  | { readonly kind: 'refused'; readonly code: VoteRefusal | 'not_found' }

export type LedgerAnswer = AdmitAnswer | CloseAnswer | NoteAnswer | VoteAnswer

/** An intent without an outcome. */
export interface OpenCall {
  readonly callId: string
  readonly seq: number
  readonly admittedAt: number
  readonly deadline: number
  readonly principal: string
  readonly period: string
  readonly approvalId: string | undefined
  readonly instance: string
  readonly tool: string
  readonly idempotencyKey?: string | undefined
}
