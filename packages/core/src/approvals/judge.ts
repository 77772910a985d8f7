import { COOL_DOWN, type Approval } from './approval.ts'

/** A call that needs an approval, as admission asks. */
export interface ApprovalAsk {
  readonly digest: string
  readonly requester: string
  /** The caller named one: then that one answers. */
  readonly approvalId?: string | undefined
  /** Persons who may vote on this call at this moment. */
  readonly electorate: readonly string[]
}

export type Judgement =
  | { readonly kind: 'open' }
  | { readonly kind: 'consume'; readonly approval: Approval }
  | { readonly kind: 'pending'; readonly approval: Approval }
  | {
      readonly kind: 'deny'
      readonly code: 'approval_refused' | 'approval_expired' | 'approval_consumed' | 'approval_stale' | 'self_approval'
      /** The grant fails for good: a later call opens a new request. */
      readonly retire?: Approval
    }

const STALE: Judgement = { kind: 'deny', code: 'approval_stale' }

/**
 * AP-01 as a pure function. `found` is the named approval, or the newest of the digest. A foreign approval, an invented one and one
 * of another call give the same answer.
 */
export function judgeApproval(found: Approval | undefined, ask: ApprovalAsk, now: number): Judgement {
  const named = ask.approvalId !== undefined
  if (named && (found === undefined || found.requester !== ask.requester || found.digest !== ask.digest)) return STALE
  if (found === undefined) return { kind: 'open' }
  if (found.state === 'pending' || found.state === 'granted') {
    if (now >= found.expiresAt) return named ? { kind: 'deny', code: 'approval_expired' } : { kind: 'open' }
    return found.state === 'pending' ? { kind: 'pending', approval: found } : judgeGrant(found, ask)
  }
  if (found.state === 'stale') return named ? STALE : { kind: 'open' }
  const answers = named || now < (found.closedAt ?? -Infinity) + COOL_DOWN
  return answers ? { kind: 'deny', code: found.state === 'refused' ? 'approval_refused' : 'approval_consumed' } : { kind: 'open' }
}

/** Voters must be eligible at consumption too; and whoever became the requester's self since does not count. */
function judgeGrant(found: Approval, ask: ApprovalAsk): Judgement {
  const approvers = new Set(found.votes.filter((vote) => vote.decision === 'approve').map((vote) => vote.person))
  if ([...approvers].some((person) => found.self.includes(person))) return { kind: 'deny', code: 'self_approval', retire: found }
  const standing = [...approvers].filter((person) => ask.electorate.includes(person))
  return standing.length >= found.quorum ? { kind: 'consume', approval: found } : { kind: 'deny', code: 'approval_stale', retire: found }
}
