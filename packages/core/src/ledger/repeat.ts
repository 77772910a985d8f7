import type { AbandonItem, AdmitAnswer, CompleteItem, Idempotency, KeptAnswer, OpenCall, ReconcileItem } from './item.ts'
import type { LedgerView } from './view.ts'

/** How long a key stands for its call (ms). */
const KEPT_FOR = 24 * 3_600_000

/** What a call with a key gets that was made before; undefined when the key is free. */
export function repeatOf(kept: KeptAnswer | undefined, asked: Idempotency, now: number): Extract<AdmitAnswer, { kind: 'repeated' | 'conflict' }> | undefined {
  if (kept === undefined || now >= kept.expiresAt) return undefined
  if (kept.fingerprint !== asked.fingerprint) return { kind: 'conflict', effect: 'none' }
  if (kept.answer !== undefined) return { kind: 'repeated', callId: kept.callId, answer: kept.answer }
  return { kind: 'conflict', effect: kept.done ? 'done' : 'unknown' }
}

/** In the transaction of the admission: from here on the key is this call's. */
export function claimKey(view: LedgerView, asked: Idempotency, callId: string, now: number): void {
  view.forgetKept(now)
  view.putKept({ key: asked.key, fingerprint: asked.fingerprint, callId, expiresAt: now + KEPT_FOR, done: false })
}

/** The call is over: its answer is kept, or, when it was surely not sent, its key is free again. */
export function settleKey(view: LedgerView, call: OpenCall, item: CompleteItem | AbandonItem | ReconcileItem): void {
  const kept = call.idempotencyKey === undefined ? undefined : view.kept(call.idempotencyKey)
  if (kept?.callId !== call.callId) return // its time is over, and another call has the key
  if (item.kind === 'abandon' || item.status === 'not_sent') view.removeKept(kept.key)
  else if (item.kind === 'complete') view.putKept({ ...kept, done: true, ...(item.keep === undefined ? {} : { answer: item.keep }) })
}
