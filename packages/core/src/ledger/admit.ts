import { MAX_PENDING, VOTING_WINDOW } from '../approvals/approval.ts'
import { judgeApproval, type ApprovalAsk } from '../approvals/judge.ts'
import { takeRate } from '../quotas/rate.ts'
import { NO_USAGE, periodOf, reserve, type Usage } from '../quotas/reserve.ts'
import type { AdmitAnswer, AdmitItem } from './item.ts'
import { claimKey, repeatOf } from './repeat.ts'
import { sealRecord } from './seal.ts'
import type { LedgerView } from './view.ts'

/** What gates 9 and 10 would decide at this moment: the same for a call, an explanation and a dry run. */
export type AdmissionJudgement =
  | Exclude<AdmitAnswer, { kind: 'admitted' | 'changed' | 'duplicate' | 'repeated' | 'conflict' }>
  | { readonly kind: 'open' }
  | { readonly kind: 'clear'; readonly usage: Usage; readonly tenantRate: number; readonly principalRate: number; readonly consume?: string }

/** Quota first, then the rate, then the approval: an approved call that meets an empty quota keeps its approval. Changes nothing. */
export function judgeAdmission(view: LedgerView, item: Pick<AdmitItem, 'principal' | 'limits' | 'approval'>, now: number): AdmissionJudgement {
  const { limits, principal, approval } = item
  const reserved = reserve(view.usage(periodOf(now)) ?? NO_USAGE, limits)
  if (!reserved.ok) return { kind: 'quota', code: 'quota_exhausted' }
  const ofTenant = takeRate(view.rate('tenant'), limits.tenantPerMinute, now)
  if (!ofTenant.ok) return { kind: 'quota', code: 'rate_limited', retryAfter: ofTenant.retryAfter }
  const ofPrincipal = takeRate(view.rate(`principal ${principal}`), limits.principalPerMinute, now)
  if (!ofPrincipal.ok) return { kind: 'quota', code: 'rate_limited', retryAfter: ofPrincipal.retryAfter }
  const clear = { kind: 'clear', usage: reserved.usage, tenantRate: ofTenant.next, principalRate: ofPrincipal.next } as const
  if (approval === undefined) return clear

  const judged = judgeApproval(found(view, approval.ask), approval.ask, now)
  switch (judged.kind) {
    case 'consume':
      return { ...clear, consume: judged.approval.id }
    case 'pending':
      return { kind: 'held', code: 'approval_pending', approvalId: judged.approval.id }
    case 'deny':
      return { kind: 'approval', code: judged.code }
    case 'open': {
      const full = view.pendingApprovals(now, approval.ask.requester) >= MAX_PENDING.requester || view.pendingApprovals(now) >= MAX_PENDING.tenant
      return full ? { kind: 'quota', code: 'rate_limited', retryAfter: 60 } : { kind: 'open' }
    }
  }
}

/** One batch item: all of it or nothing. An intent is durable before anything is dispatched. */
export function admit(view: LedgerView, item: AdmitItem, now: number): AdmitAnswer {
  const authorization = view.authorization()
  if (authorization !== item.authorization) return { kind: 'changed', authorization }
  if (view.openCall(item.callId) !== undefined) return { kind: 'duplicate' }
  const { idempotency } = item
  const repeated = idempotency === undefined ? undefined : repeatOf(view.kept(idempotency.key), idempotency, now)
  if (repeated !== undefined) return repeated

  const judged = judgeAdmission(view, item, now)
  if (judged.kind === 'open' && item.approval !== undefined) return open(view, item, item.approval.request, now)
  if (judged.kind !== 'clear') {
    if (judged.kind === 'approval') retire(view, item.approval?.ask, now)
    return judged.kind === 'open' ? { kind: 'approval', code: 'approval_stale' } : judged
  }

  const period = periodOf(now)
  view.setUsage(period, judged.usage)
  const own = `${period} ${item.principal}`
  const mine = view.usage(own) ?? NO_USAGE
  view.setUsage(own, { ...mine, reserved: mine.reserved + 1 })
  view.setRate('tenant', judged.tenantRate)
  view.setRate(`principal ${item.principal}`, judged.principalRate)
  const consumed = judged.consume === undefined ? undefined : view.approval(judged.consume)
  if (consumed !== undefined) view.putApproval({ ...consumed, state: 'consumed', closedAt: now })

  const seq = sealRecord(view, now, item.body, { step: 'intent', ...(consumed === undefined ? {} : { approval: consumed.id }) })
  if (idempotency !== undefined) claimKey(view, idempotency, item.callId, now)
  view.putOpenCall({
    callId: item.callId, seq, admittedAt: now, deadline: now + Math.ceil(item.deadlineMs), principal: item.principal, period, approvalId: consumed?.id, ...item.job, ...(idempotency === undefined ? {} : { idempotencyKey: idempotency.key }),
  })
  return { kind: 'admitted', seq, at: now }
}

const found = (view: LedgerView, ask: ApprovalAsk) => (ask.approvalId === undefined ? view.newestApproval(ask.digest) : view.approval(ask.approvalId))

function open(view: LedgerView, item: AdmitItem, request: NonNullable<AdmitItem['approval']>['request'], now: number): AdmitAnswer {
  view.putApproval({ ...request, state: 'pending', openedAt: now, expiresAt: now + VOTING_WINDOW, votes: [] })
  sealRecord(view, now, item.body, { step: 'held', code: 'approval_required', approval: request.id })
  return { kind: 'held', code: 'approval_required', approvalId: request.id }
}

/** A grant that can never be used again makes room for a new request. */
function retire(view: LedgerView, ask: ApprovalAsk | undefined, now: number): void {
  if (ask === undefined) return
  const judged = judgeApproval(found(view, ask), ask, now)
  if (judged.kind === 'deny' && judged.retire !== undefined) view.putApproval({ ...judged.retire, state: 'stale', closedAt: now })
}
