import { GRANT_WINDOW, type Approval, type Vote } from './approval.ts'

export type VoteRefusal = 'approval_expired' | 'approval_refused' | 'approval_consumed' | 'approval_stale' | 'already_voted'
export type Voted = { readonly ok: true; readonly approval: Approval } | { readonly ok: false; readonly code: VoteRefusal }

/** One vote on a pending request. A refusal, or what is no approval, ends it; the quorum of distinct persons grants it; ended states never change again. */
export function castVote(approval: Approval, vote: Vote): Voted {
  if (approval.state === 'refused') return { ok: false, code: 'approval_refused' }
  if (approval.state === 'consumed') return { ok: false, code: 'approval_consumed' }
  if (approval.state !== 'pending') return { ok: false, code: approval.state === 'stale' ? 'approval_stale' : 'already_voted' }
  if (vote.at >= approval.expiresAt) return { ok: false, code: 'approval_expired' }
  if (approval.votes.some(({ person }) => person === vote.person)) return { ok: false, code: 'already_voted' }

  const votes = [...approval.votes, vote]
  if (vote.decision !== 'approve') return { ok: true, approval: { ...approval, votes, state: 'refused', closedAt: vote.at } }
  const granted = votes.length >= approval.quorum
  return { ok: true, approval: granted ? { ...approval, votes, state: 'granted', expiresAt: vote.at + GRANT_WINDOW } : { ...approval, votes } }
}
