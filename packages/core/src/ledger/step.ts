import { castVote } from '../approvals/vote.ts'
import { admit } from './admit.ts'
import { close } from './close.ts'
import type { LedgerAnswer, LedgerItem, VoteAnswer, VoteItem } from './item.ts'
import { sealRecord } from './seal.ts'
import type { LedgerView } from './view.ts'

/** Applies one item within the caller's transaction. Total: every item gets an answer, and a refused one has changed nothing. */
export function step(view: LedgerView, item: LedgerItem, now: number): LedgerAnswer {
  switch (item.kind) {
    case 'admit':
      return admit(view, item, now)
    case 'complete':
    case 'abandon':
    case 'reconcile':
      return close(view, item, now)
    case 'note':
      return { kind: 'noted', seq: sealRecord(view, now, item.body, { step: 'note' }) }
    case 'vote':
      return vote(view, item, now)
  }
}

function vote(view: LedgerView, item: VoteItem, now: number): VoteAnswer {
  const authorization = view.authorization()
  if (authorization !== item.authorization) return { kind: 'changed', authorization }
  const approval = view.approval(item.approvalId)
  if (approval === undefined) return { kind: 'refused', code: 'not_found' }
  const voted = castVote(approval, { ...item.vote, at: now })
  if (!voted.ok) return { kind: 'refused', code: voted.code }
  view.putApproval(voted.approval)
  sealRecord(view, now, item.body, { step: 'vote', code: voted.approval.state, approval: approval.id })
  return { kind: 'voted', approval: voted.approval }
}
