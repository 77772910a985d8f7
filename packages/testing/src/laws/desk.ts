import type {
  AdmitAnswer, AdmitItem, ApprovalRequest, CloseAnswer, CompleteItem, Limits, NoteAnswer, ReconcileItem, Storage, TenantDoor, Vote, VoteAnswer,
} from '@portcullis/core/ports'

export const PLENTY: Limits = { included: 1_000_000, overage: false, tenantPerMinute: 1_000_000, principalPerMinute: 1_000_000 }

type Approval = NonNullable<AdmitItem['approval']>
type Wish = Partial<Omit<AdmitItem, 'kind'>>

/** A tenant's door with the tedious parts filled in, so that a law says only what it is about. */
export class Desk {
  readonly door: TenantDoor
  readonly authorization: number
  #calls = 0

  private constructor(door: TenantDoor, authorization: number) {
    this.door = door
    this.authorization = authorization
  }

  static async at(storage: Storage, tenant = 'northwind'): Promise<Desk> {
    const door = await storage.tenant(tenant)
    return new Desk(door, await door.authorize('facts of the law'))
  }

  /** An admission of a new call, unless the wish says otherwise. */
  item(wish: Wish = {}): AdmitItem {
    const callId = wish.callId ?? `call-${(this.#calls += 1)}`
    return {
      kind: 'admit', authorization: this.authorization, principal: 'ada', limits: PLENTY, deadlineMs: 30_000,
      job: { instance: 'psa', tool: 'psa.close' }, body: `{"v":1,"kind":"call","call":${JSON.stringify(callId)}`, ...wish, callId,
    }
  }

  admit(wish: Wish = {}): Promise<AdmitAnswer> {
    return this.door.ledger.admit(this.item(wish))
  }

  /** So many at the same time. */
  many(count: number, wish: Wish = {}): Promise<AdmitAnswer[]> {
    return Promise.all(Array.from({ length: count }, () => this.admit(wish)))
  }

  /** `keep`: the answer to keep, of a call with a key. */
  complete(callId: string, status: CompleteItem['status'] = 'succeeded', keep?: string): Promise<CloseAnswer> {
    return this.door.ledger.complete({ kind: 'complete', callId, status, ...(keep === undefined ? {} : { keep }), body: '{"v":1,"kind":"outcome"' })
  }

  abandon(callId: string): Promise<CloseAnswer> {
    return this.door.ledger.abandon({ kind: 'abandon', callId, body: '{"v":1,"kind":"abandoned"' })
  }

  reconcile(callId: string, status: ReconcileItem['status'] = 'indeterminate'): Promise<CloseAnswer> {
    return this.door.ledger.reconcile({ kind: 'reconcile', callId, status, body: '{"v":1,"kind":"reconciled"' })
  }

  note(body = '{"v":1,"kind":"event"'): Promise<NoteAnswer> {
    return this.door.ledger.note({ kind: 'note', body })
  }

  vote(approvalId: string, person: string, decision: Vote['decision'] = 'approve'): Promise<VoteAnswer> {
    const vote = { person, principal: `${person}-account`, decision, reason: 'because' }
    return this.door.ledger.vote({ kind: 'vote', approvalId, authorization: this.authorization, vote, body: '{"v":1,"kind":"vote"' })
  }

  /** Opens a request and has everybody vote for it; answers its id. */
  async granted(approval: Approval, voters: readonly string[] = ['grace']): Promise<string> {
    const held = await this.admit({ approval })
    if (held.kind !== 'held') throw new Error(`no request was opened: ${held.kind}`)
    for (const person of voters) await this.vote(held.approvalId, person)
    return held.approvalId
  }

  size(): Promise<number> {
    return this.door.log.size()
  }
}

let requests = 0

/** What an admission of a destructive call brings with it. */
export function approvalFor(
  digest: string,
  { quorum = 1, requester = 'ada', approvalId, electorate = ['grace', 'heidi', 'ivan'] }: Partial<Approval['ask'] & Pick<ApprovalRequest, 'quorum'>> = {},
): Approval {
  requests += 1
  const request: ApprovalRequest = {
    id: `apv-${requests}`, digest, requester, self: [requester], customer: undefined, tool: 'psa.wipe', instance: 'psa', arguments: '{"id":1}', sent: '{"id":1}', quorum,
  }
  return { ask: { digest, requester, electorate, ...(approvalId === undefined ? {} : { approvalId }) }, request }
}

/** How many answers of each kind or code. */
export function tally(answers: readonly (AdmitAnswer | VoteAnswer | CloseAnswer)[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const answer of answers) {
    const name = 'code' in answer ? answer.code : answer.kind
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
