import type { Approval } from './approvals/approval.ts'
import { mayVoteOn } from './approvals/eligible.ts'
import { describe, recordBody } from './record.ts'
import type { Request } from './call.ts'
import { decideAuthenticate, type Authenticated } from './chain/01-authenticate.ts'
import { decideTenant } from './chain/02-tenant.ts'
import { decideCustomer, type InReach } from './chain/03-customer.ts'
import { decideSnapshot } from './chain/04-snapshot.ts'
import { SECOND_FACTOR_AGE } from './chain/08-policy.ts'
import type { DenyCode } from './chain/stages.ts'
import { deny, type AnyDeny } from './chain/verdict.ts'
import { interactive } from './identity/second-factor.ts'
import { isRequester, requesterOf } from './identity/requester.ts'
import { tell, type Broken, type Denial, type Held } from './outcome.ts'
import { refuse, shed } from './refuse.ts'
import { Run } from './run.ts'
import type { Runtime } from './runtime.ts'

/** What a person is shown of a request: all of it, or nothing. Times in ms. */
export interface ApprovalPage {
  readonly kind: 'approval'
  readonly id: string
  readonly state: Approval['state'] | 'expired'
  readonly tool: string
  readonly customer: string | undefined
  readonly requester: string
  /** Canonical JSON. */
  readonly arguments: string
  readonly openedAt: number
  readonly expiresAt: number
  readonly quorum: number
  readonly approvals: number
}

export interface Ballot {
  readonly decision: 'approve' | 'refuse'
  /** 1 to 500 characters. */
  readonly reason: string
}

/** Refused, with the reason: one of these, whatever was tried. `not_found` for what is foreign, invented or not to be seen. */
export interface VoteDenied {
  readonly kind: 'vote_refused'
  readonly code: 'not_found' | 'role_forbids' | 'self_approval' | 'approval_stale' | 'step_up_required' | 'approval_expired' | 'approval_refused' | 'approval_consumed' | 'already_voted' | 'ballot_invalid'
  readonly message: string
}

const SENTENCES: { readonly [C in VoteDenied['code']]: string } = {
  not_found: 'There is no such approval.',
  role_forbids: 'Only a person whose role approves calls of this reach may vote.',
  self_approval: 'Nobody approves their own request, by any of their identities.',
  approval_stale: "The voter's role and second factor must be older than the request and than 24 hours.",
  step_up_required: 'Voting needs an interactive sign-in of your own with a second factor not older than 15 minutes.',
  approval_expired: 'The request has expired.',
  approval_refused: 'The request has been refused.',
  approval_consumed: 'The approval has been used.',
  already_voted: 'You have voted on this request already, or it needs no more votes.',
  ballot_invalid: 'A vote is approve or refuse, with a reason of 1 to 500 characters.',
}

type Stopped = Denial | Held | Broken
type Signed = { readonly kind: 'signed'; readonly who: Authenticated; readonly scope: InReach; readonly approval: Approval; readonly run: Run }

/** Reading approvals and voting on them: gates 1 to 3, then AP-02. */
export class Approvals {
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** For its requester and for those who may vote on it. */
  async read(request: Request, id: string): Promise<ApprovalPage | VoteDenied | Stopped> {
    return this.#guarded(async (decisionId) => {
      const signed = await this.#sign(request, id, decisionId)
      return signed.kind === 'signed' ? page(signed.approval, this.#runtime.clock.now()) : signed
    })
  }

  /** For its requester alone: how the request stands. To everybody else there is no such approval, also to those who may vote on it. */
  async status(request: Request, id: string): Promise<ApprovalPage | VoteDenied | Stopped> {
    return this.#guarded(async (decisionId) => {
      const signed = await this.#sign(request, id, decisionId)
      if (signed.kind !== 'signed') return signed
      const { approval, who, run } = signed
      return isRequester(approval.requester, who.principal) ? page(approval, this.#runtime.clock.now()) : await this.#turnDown(run, 'not_found', decisionId)
    })
  }

  async vote(request: Request, id: string, ballot: Ballot): Promise<ApprovalPage | VoteDenied | Stopped> {
    return this.#guarded(async (decisionId) => {
      if (!isBallot(ballot)) return refused('ballot_invalid')
      for (let attempt = 0; attempt < 3; attempt++) {
        const signed = await this.#sign(request, id, decisionId)
        if (signed.kind !== 'signed') return signed
        const { who, scope, approval, run } = signed
        const suspended = await this.#suspended(run, scope)
        if (suspended !== undefined) return await refuse(this.#runtime, run, suspended, decisionId)
        const flaw = this.#flaw(who, approval)
        if (flaw !== undefined) return await this.#turnDown(run, flaw, decisionId)
        const { ledger } = await this.#runtime.doors.open(who.claims.tenant)
        const body = recordBody('vote', { decision: decisionId, ...describe(run.subject), approvalOf: approval.tool, vote: ballot.decision, reason: ballot.reason, methods: who.claims.methods, authTime: who.claims.authTime ?? null })
        const answer = await ledger.vote({
          kind: 'vote', approvalId: id, authorization: who.directory.version, body,
          vote: { person: who.principal.person, principal: who.principal.id, decision: ballot.decision, reason: ballot.reason },
        })
        if (answer.kind === 'voted') return page(answer.approval, this.#runtime.clock.now())
        if (answer.kind === 'changed') this.#runtime.plane.outdated?.(who.claims.tenant, answer.authorization)
        if (answer.kind === 'refused') return await this.#turnDown(run, answer.code, decisionId)
      }
      return tell(deny('snapshot', 'snapshot_unavailable'), decisionId)
    })
  }

  /** AP-02: a human's own interactive session with a fresh second factor, and a voter at a distance from the request. */
  #flaw(who: Authenticated, approval: Approval): VoteDenied['code'] | undefined {
    if (who.principal.kind !== 'human') return 'role_forbids'
    const flaw = mayVoteOn(who.principal, approval, who.directory, who.now, who.claims)
    if (flaw !== undefined) return flaw
    const at = who.secondFactorAt
    return interactive(who.claims) && at !== undefined && who.now - at <= SECOND_FACTOR_AGE ? undefined : 'step_up_required'
  }

  /** A suspended tenant keeps few commands, and voting is none of them (CH-05); a status that nobody knows is as good as suspended. */
  async #suspended(run: Run, scope: InReach): Promise<AnyDeny | undefined> {
    const base = decideSnapshot(scope, await run.snapshot(scope.place.tenant))
    if (base.kind !== 'pass') return base
    const { subscription } = base.proof.snapshot
    return subscription === 'active' || subscription === 'read_only' ? undefined : deny('subscription', 'subscription_suspended')
  }

  /** Gates 1 to 3, for the reach of the approval, then whether this principal may see it. Foreign, invented and invisible ones answer alike. */
  async #sign(request: Request, id: string, decisionId: string): Promise<Signed | VoteDenied | Stopped> {
    const run = new Run(this.#runtime, request)
    const authenticated = run.trace.at('authenticate', decideAuthenticate(await run.authentication()))
    if (authenticated.kind !== 'pass') return refuse(this.#runtime, run, authenticated, decisionId)
    const who = authenticated.proof
    run.met({ who })
    const place = run.trace.at('tenant', decideTenant(who, request.tenantsNamed ?? []))
    if (place.kind !== 'pass') return refuse(this.#runtime, run, place, decisionId)
    const { ledger } = await this.#runtime.doors.open(who.claims.tenant)
    const approval = await ledger.approval(id)
    if (approval === undefined) return this.#turnDown(run, 'not_found', decisionId)
    const scope = decideCustomer(place.proof, approval.customer === undefined ? { kind: 'tenant' } : { kind: 'customer', customer: approval.customer })
    const seen = scope.kind === 'pass' && (approval.requester === requesterOf(who.principal) || approval.self.includes(who.principal.person) || mayVoteOn(who.principal, approval, who.directory, who.now, who.claims) !== 'role_forbids')
    return seen ? { kind: 'signed', who, scope: scope.proof, approval, run } : this.#turnDown(run, 'not_found', decisionId)
  }

  async #turnDown(run: Run, code: VoteDenied['code'], decisionId: string): Promise<VoteDenied | Stopped> {
    const { who } = run.subject
    if (who === undefined || !this.#takes(who)) return shed(this.#runtime, decisionId)
    const noted = await this.#runtime.refusals.note({ ...run.subject, claims: who.claims }, 'refusal', deny('approval', DENIED.has(code) ? (code as DenyCode<'approval'>) : 'approval_stale', { security: code === 'self_approval' }), { decision: decisionId, vote: code })
    return noted === 'shed' ? shed(this.#runtime, decisionId) : refused(code)
  }

  #takes({ claims, principal, now }: Authenticated): boolean {
    return this.#runtime.shedder.take(claims.tenant, principal.id, claims.credential, now)
  }

  async #guarded<T>(work: (decisionId: string) => Promise<T>): Promise<T | Broken> {
    const decisionId = this.#runtime.ids.next('dec')
    try {
      return await work(decisionId)
    } catch (fault) {
      this.#runtime.onFault(fault)
      this.#runtime.count('faults')
      return { kind: 'fault', effect: 'none', decisionId }
    }
  }
}

/** Refusals of a vote that are codes of gate 10 as well; all others are recorded as a call that does not fit. */
const DENIED: ReadonlySet<string> = new Set(['self_approval', 'approval_expired', 'approval_refused', 'approval_consumed', 'approval_stale'])

const refused = (code: VoteDenied['code']): VoteDenied => ({ kind: 'vote_refused', code, message: SENTENCES[code] })

const isBallot = (ballot: Ballot): boolean =>
  (ballot.decision === 'approve' || ballot.decision === 'refuse') && typeof ballot.reason === 'string' && ballot.reason.trim() !== '' && ballot.reason.length <= 500

const page = (approval: Approval, now: number): ApprovalPage => ({
  kind: 'approval', id: approval.id, tool: approval.tool, customer: approval.customer, requester: approval.requester, arguments: approval.arguments,
  state: (approval.state === 'pending' || approval.state === 'granted') && now >= approval.expiresAt ? 'expired' : approval.state,
  openedAt: approval.openedAt, expiresAt: approval.expiresAt, quorum: approval.quorum, approvals: approval.votes.filter(({ decision }) => decision === 'approve').length,
})
