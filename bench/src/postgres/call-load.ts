import { randomUUID } from 'node:crypto'
import type { AdmitItem, Limits, TenantDoor } from '@portcullis/core/ports'

/** Records of about 510 bytes, as those of the chain are. */
const [INTENT, OUTCOME] = [430, 420].map((size) => JSON.stringify({ v: 1, kind: 'bench', filler: 'x'.repeat(size) }).slice(0, -1)) as [string, string]
const PLENTY: Limits = { included: 1e9, overage: false, tenantPerMinute: 1e9, principalPerMinute: 1e9 }
const PRINCIPALS = 16
/** Every so manieth call consumes an approval: 5 %. */
const APPROVED = 20
/** Requests for approval that are opened together: fewer than may be pending. */
const TOGETHER = 160
const VOTER = 'grace'

type Approval = NonNullable<AdmitItem['approval']>

/** One tenant's whole calls with nothing dispatched in between: admission, then completion. 5 % of them consume an approval, unless none shall. */
export class CallLoad {
  readonly #door: TenantDoor
  readonly #authorization: number
  readonly #approved: boolean
  readonly #granted: Approval[] = []
  #count = 0

  private constructor(door: TenantDoor, authorization: number, approved: boolean) {
    this.#door = door
    this.#authorization = authorization
    this.#approved = approved
  }

  static async open(door: TenantDoor, { approved = true }: { readonly approved?: boolean } = {}): Promise<CallLoad> {
    return new CallLoad(door, await door.authorize('facts'), approved)
  }

  /** Approvals for so many calls, asked for and voted on. */
  async prepare(calls: number): Promise<void> {
    while (this.#granted.length * APPROVED < calls + APPROVED) await Promise.all(Array.from({ length: TOGETHER }, () => this.#grant()))
  }

  /** One call. */
  async call(): Promise<void> {
    const count = this.#count++
    const callId = randomUUID()
    const approval = this.#approved && count % APPROVED === 0 ? this.#take() : undefined
    const admitted = await this.#door.ledger.admit(this.#admission(callId, `agent-${count % PRINCIPALS}`, approval))
    if (admitted.kind !== 'admitted') throw new Error(`not admitted: ${JSON.stringify(admitted)}`)
    const closed = await this.#door.ledger.complete({ kind: 'complete', callId, status: 'succeeded', body: OUTCOME })
    if (closed.kind !== 'closed') throw new Error(`not closed: ${JSON.stringify(closed)}`)
  }

  /** Callers who call as soon as they have their answer, until there were so many calls. Answers how long each took (ms). */
  async calls(callers: number, calls: number): Promise<readonly number[]> {
    let left = calls
    return this.#together(callers, () => left-- > 0)
  }

  /** The same for so long. */
  async callsFor(callers: number, forMs: number): Promise<readonly number[]> {
    const end = performance.now() + forMs
    return this.#together(callers, () => performance.now() < end)
  }

  async #together(callers: number, goesOn: () => boolean): Promise<readonly number[]> {
    const took: number[] = []
    const caller = async (): Promise<void> => {
      while (goesOn()) {
        const start = performance.now()
        await this.call()
        took.push(performance.now() - start)
      }
    }
    await Promise.all(Array.from({ length: callers }, caller))
    return took
  }

  #take(): Approval {
    const approval = this.#granted.pop()
    if (approval === undefined) throw new Error('too few approvals were prepared')
    return approval
  }

  async #grant(): Promise<void> {
    const digest = randomUUID()
    const requester = `agent of ${digest}`
    const approval: Approval = {
      ask: { digest, requester, electorate: [VOTER] },
      request: { id: randomUUID(), digest, requester, self: [requester], customer: undefined, tool: 'psa.wipe', instance: 'psa', arguments: '{"id":1}', sent: '{"id":1}', quorum: 1 },
    }
    const held = await this.#door.ledger.admit(this.#admission(randomUUID(), 'agent-0', approval))
    if (held.kind !== 'held') throw new Error(`not held: ${JSON.stringify(held)}`)
    const vote = { person: VOTER, principal: VOTER, decision: 'approve', reason: 'because' } as const
    const voted = await this.#door.ledger.vote({ kind: 'vote', approvalId: held.approvalId, authorization: this.#authorization, vote, body: OUTCOME })
    if (voted.kind !== 'voted') throw new Error(`not voted: ${JSON.stringify(voted)}`)
    this.#granted.push(approval)
  }

  #admission(callId: string, principal: string, approval: Approval | undefined): AdmitItem {
    return { kind: 'admit', callId, authorization: this.#authorization, principal, limits: PLENTY, approval, deadlineMs: 30_000, job: { instance: 'psa', tool: 'psa.list' }, body: INTENT }
  }
}
