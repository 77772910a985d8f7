import type { WorldPrincipal, WorldTenant } from '@portcullis/core'
import { no, type Stopped } from './expected.ts'
import { bindingsOf, type Person } from './request.ts'
import { hasFreshFactor } from './tools.ts'

export interface NaiveApproval {
  readonly tenant: string
  /** Everything that makes the call this very call. */
  readonly exact: string
  readonly requester: string
  readonly self: readonly string[]
  readonly customer: string | undefined
  readonly tool: string
  readonly sent: unknown
  readonly openedAt: number
  state: 'pending' | 'granted' | 'refused' | 'consumed' | 'stale'
  expiresAt: number
  closedAt: number
  approvers: string[]
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const personOf = (id: string, account: WorldPrincipal): string => (account.kind === 'human' ? (account.person ?? id) : id)

/** ID-09: the human plus the agent client, never the session. */
export const requesterOf = ({ id, account }: Person): string => (account.kind === 'agent' ? `${account.human} through ${account.client}` : id)

/** AP-02: all identities of whoever asks. */
export function selfOf({ id, account, facts }: Person): readonly string[] {
  const human = account.kind === 'agent' ? facts.principals[account.human] : undefined
  return [personOf(id, account), ...(account.kind === 'service' ? account.keepers : []), ...(account.kind === 'agent' && human !== undefined ? [personOf(account.human, human)] : [])]
}

/** AP-03, with the bindings of this moment. */
const votingBindings = (facts: WorldTenant, id: string, customer: string | undefined, now: number) =>
  bindingsOf(facts, id, now).filter((binding) => (binding.role === 'tenant_owner' || binding.role === 'tenant_admin') && (binding.customer === undefined || binding.customer === customer))

/** AP-01: what the approval of a call says, if there is one. `open` = none does, a request is to be opened. */
export function judge(found: NaiveApproval | undefined, named: boolean, asker: Person, exact: string, customer: string | undefined, now: number): Stopped | 'open' | NaiveApproval {
  const refuse = (code: Stopped['code']): Stopped => no('approval', code)
  if (named && (found === undefined || found.requester !== requesterOf(asker) || found.exact !== exact)) return refuse('approval_stale')
  if (found === undefined) return 'open'
  if ((found.state === 'pending' || found.state === 'granted') && now >= found.expiresAt) return named ? refuse('approval_expired') : 'open'
  switch (found.state) {
    case 'pending':
      return { kind: 'hold', gate: 'approval', code: 'approval_pending', effect: 'none' }
    case 'stale':
      return named ? refuse('approval_stale') : 'open'
    case 'refused':
    case 'consumed':
      return named || now < found.closedAt + 15 * MINUTE ? refuse(found.state === 'refused' ? 'approval_refused' : 'approval_consumed') : 'open'
    case 'granted': {
      const standing = Object.entries(asker.facts.principals).some(([id, account]) =>
        account.kind === 'human' && account.disabled !== true && found.approvers.includes(personOf(id, account)) &&
        !selfOf(asker).includes(personOf(id, account)) && votingBindings(asker.facts, id, customer, now).length > 0)
      return standing ? found : refuse('approval_stale')
    }
  }
}

export type VoteRefused = { readonly kind: 'vote_refused'; readonly code: string }

/** AP-02: whether this account may vote on this request, or even see it. */
export function mayVote(voter: Person, approval: NaiveApproval | undefined, now: number): VoteRefused | undefined {
  const refuse = (code: string): VoteRefused => ({ kind: 'vote_refused', code })
  if (approval === undefined || approval.tenant !== voter.tenant) return refuse('not_found')
  const { account, facts, token } = voter
  const person = personOf(voter.id, account)
  const isSelf = approval.self.includes(person)
  const narrow = (bindings: ReturnType<typeof votingBindings>) =>
    bindings.filter(({ role }) => (token.roles === undefined || token.roles.includes(role)) && (token.customer === undefined || token.customer === approval.customer))
  const bindings = account.kind === 'human' ? narrow(votingBindings(facts, voter.id, approval.customer, now)) : []
  if (bindings.length === 0 && !isSelf && approval.requester !== requesterOf(voter)) return refuse('not_found')
  if (account.kind !== 'human') return refuse('role_forbids')
  if (isSelf) return refuse('self_approval')
  const old = (at: number | undefined): boolean => at === undefined || (at < approval.openedAt && at <= now - DAY)
  if (account.touchedBy?.some(({ person: hand, at }) => approval.self.includes(hand) && !old(at)) === true) return refuse('self_approval')
  if (!bindings.some(({ since }) => old(since)) || !old(account.secondFactorSince)) {
    return refuse(bindings.some(({ grantedBy }) => grantedBy !== undefined && approval.self.includes(grantedBy)) ? 'self_approval' : 'approval_stale')
  }
  return hasFreshFactor(voter) && voter.token.actor === undefined ? undefined : refuse('step_up_required')
}

/** One vote. Ended requests stay as they are. */
export function cast(approval: NaiveApproval, person: string, decision: 'approve' | 'refuse', now: number): VoteRefused | undefined {
  const refuse = (code: string): VoteRefused => ({ kind: 'vote_refused', code })
  if (approval.state === 'granted') return refuse('already_voted')
  if (approval.state !== 'pending') return refuse(`approval_${approval.state}`)
  if (now >= approval.expiresAt) return refuse('approval_expired')
  if (decision === 'approve') Object.assign(approval, { state: 'granted', expiresAt: now + 60 * MINUTE, approvers: [person] })
  else Object.assign(approval, { state: 'refused', closedAt: now })
  return undefined
}

export const voterOf = ({ id, account }: Person): string => personOf(id, account)
/** How long a request may be voted on. */
export const VOTING = DAY
