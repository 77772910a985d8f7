import type { Approval } from '../approvals/approval.ts'
import type { Usage } from '../quotas/reserve.ts'
import type { KeptAnswer, OpenCall } from './item.ts'

/**
 * What a batch sees and changes of one tenant, synchronously and within one transaction. A storage adapter implements this; the
 * rules in this folder do the deciding.
 */
export interface LedgerView {
  /** The authorization version in force. */
  authorization(): number
  /** `2026-11` for the tenant, `2026-11 <principal>` for one principal; absent = nothing used. */
  usage(counter: string): Usage | undefined
  setUsage(counter: string, usage: Usage): void
  /** Theoretical arrival time (ms) of a rate key. */
  rate(key: string): number | undefined
  setRate(key: string, tat: number): void
  approval(id: string): Approval | undefined
  /** The one of a digest that was opened last. */
  newestApproval(digest: string): Approval | undefined
  /** Requests that are pending and unexpired at `now`, of one requester or of all. */
  pendingApprovals(now: number, requester?: string): number
  putApproval(approval: Approval): void
  /** What is kept of an idempotency key, expired or not. */
  kept(key: string): KeptAnswer | undefined
  putKept(kept: KeptAnswer): void
  removeKept(key: string): void
  /** Lets go of what has expired at `now`, the oldest first, and of 64 at most: a batch must not wait for a day's. */
  forgetKept(now: number): void
  openCall(callId: string): OpenCall | undefined
  putOpenCall(call: OpenCall): void
  removeOpenCall(callId: string): void
  /** Appends exact bytes and answers their place, counted from 0 without a gap. */
  append(at: number, bytes: Uint8Array): number
  /** Where the next record will go. */
  size(): number
}
