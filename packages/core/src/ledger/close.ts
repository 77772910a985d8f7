import { giveBack, settle, type Usage } from '../quotas/reserve.ts'
import type { AbandonItem, CloseAnswer, CompleteItem, OpenCall, ReconcileItem } from './item.ts'
import { settleKey } from './repeat.ts'
import { sealRecord } from './seal.ts'
import type { LedgerView } from './view.ts'

/** Ends an open intent: by its outcome, as surely not dispatched, or by the reconciler. Conditional on the intent being open. */
export function close(view: LedgerView, item: CompleteItem | AbandonItem | ReconcileItem, now: number): CloseAnswer {
  const call = view.openCall(item.callId)
  if (call === undefined) return { kind: 'not_open' }
  const notSent = item.kind === 'abandon' || item.status === 'not_sent'
  count(view, call, notSent ? giveBack : settle)
  if (notSent) returnApproval(view, call)
  settleKey(view, call, item)
  view.removeOpenCall(item.callId)
  const step = item.kind === 'complete' ? 'outcome' : item.kind === 'abandon' ? 'abandoned' : 'reconciled'
  return { kind: 'closed', seq: sealRecord(view, now, item.body, { step }) }
}

function count(view: LedgerView, call: OpenCall, change: (usage: Usage) => Usage): void {
  for (const counter of [call.period, `${call.period} ${call.principal}`]) {
    const usage = view.usage(counter)
    if (usage !== undefined) view.setUsage(counter, change(usage))
  }
}

/** The approval of a call that was surely not sent is granted again, for what is left of its time. */
function returnApproval(view: LedgerView, call: OpenCall): void {
  const approval = call.approvalId === undefined ? undefined : view.approval(call.approvalId)
  if (approval?.state === 'consumed') view.putApproval({ ...approval, state: 'granted', closedAt: undefined })
}
