import fc from 'fast-check'
import type { AdmitItem, LedgerAnswer, LedgerItem, Storage, TenantDoor } from '@portcullis/core/ports'
import type { LawClock } from './subject.ts'

/** One thing that happens. Numbers stand for ids, so that histories meet themselves again and shrink well. */
type Event =
  | { readonly do: 'admit'; readonly call: number; readonly principal: number; readonly stale: boolean; readonly included: number; readonly overage: boolean; readonly rate: number; readonly approval: Ask | null; readonly key: Key | null }
  | { readonly do: 'complete'; readonly call: number; readonly status: 'succeeded' | 'failed' | 'unknown' | 'not_sent'; readonly keep: string | null }
  | { readonly do: 'abandon' | 'reconcile'; readonly call: number }
  | { readonly do: 'note'; readonly text: string }
  | { readonly do: 'vote'; readonly approval: number; readonly person: number; readonly refuse: boolean; readonly stale: boolean }

interface Ask {
  readonly digest: number
  readonly named: number | null
  readonly quorum: number
  readonly electorate: number
}

interface Key {
  readonly key: number
  readonly fingerprint: number
}

/** Events at the same time, after so many milliseconds; the facts of the tenant may have changed before. */
export interface Moment {
  readonly later: number
  readonly facts: number
  readonly events: readonly Event[]
}

const call = fc.nat(11)
const rarely = (oneIn: number): fc.Arbitrary<boolean> => fc.nat(oneIn - 1).map((n) => n === 0)
const ask: fc.Arbitrary<Ask> = fc.record({ digest: fc.nat(3), named: fc.option(fc.nat(12), { freq: 2 }), quorum: fc.integer({ min: 1, max: 2 }), electorate: fc.integer({ min: 1, max: 4 }) })
const key: fc.Arbitrary<Key> = fc.record({ key: fc.nat(3), fingerprint: rarely(5).map(Number) })
const status = fc.constantFrom('succeeded' as const, 'failed' as const, 'unknown' as const, 'not_sent' as const)
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('admit' as const), call, principal: fc.nat(2), stale: rarely(12),
      included: fc.nat(30), overage: fc.boolean(), rate: fc.integer({ min: 1, max: 40 }), approval: fc.option(ask), key: fc.option(key, { freq: 2 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('complete' as const), call, status, keep: fc.option(fc.string({ unit: 'grapheme', maxLength: 12 })) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('abandon' as const, 'reconcile' as const), call }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('note' as const), text: fc.string({ unit: 'binary', maxLength: 12 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('vote' as const), approval: fc.nat(12), person: fc.nat(3), refuse: rarely(6), stale: rarely(10) }) },
)

/** Random histories of one tenant. */
export const histories: fc.Arbitrary<Moment[]> = fc.array(
  fc.record({
    later: fc.oneof({ weight: 6, arbitrary: fc.nat(3000) }, { weight: 1, arbitrary: fc.constantFrom(15 * 60_000, 3_600_000, 24 * 3_600_000, 9 * 24 * 3_600_000) }),
    facts: rarely(12).map(Number),
    events: fc.array(event, { minLength: 1, maxLength: 12 }),
  }),
  { minLength: 1, maxLength: 25, size: 'max' },
)

const PEOPLE = ['grace', 'heidi', 'ivan', 'judy']

/** Plays a history and answers everything that could be seen on the way and at the end. */
export async function play(storage: Storage, clock: LawClock, tenant: string, start: number, history: readonly Moment[]): Promise<unknown[]> {
  clock.set(start)
  const door = await storage.tenant(tenant)
  const seen: unknown[] = []
  let place = 0
  let requests = 0
  for (const { later, facts, events } of history) {
    clock.set(clock.now() + later)
    const authorization = await door.authorize(`facts ${facts}`)
    const items = events.map((happens) => itemOf(happens, authorization, (place += 1), happens.do === 'admit' && happens.approval !== null ? requests++ : requests))
    // Looked at before the batch: how far a batch has got at some moment is nobody's promise.
    seen.push(authorization, await Promise.all(items.map((item) => look(door, item))), await Promise.all(items.map((item) => apply(door, item))), await door.ledger.due({ limit: 3 }))
  }
  const approvals = await Promise.all(Array.from({ length: requests }, (_, id) => door.ledger.approval(`apv-${id}`)))
  const usage = await Promise.all([0, 1, 2].map((principal) => door.ledger.callsOf(`principal ${principal}`)))
  return [...seen, approvals, usage, await door.log.read({ from: 0, limit: 1e6 }), await door.log.leaves({ from: 0, limit: 1e6 })]
}

const look = async ({ ledger }: TenantDoor, item: LedgerItem): Promise<unknown> =>
  item.kind === 'admit' ? ledger.judge(item) : 'callId' in item ? ledger.recall(item.callId) : undefined

function apply({ ledger }: TenantDoor, item: LedgerItem): Promise<LedgerAnswer> {
  switch (item.kind) {
    case 'admit':
      return ledger.admit(item)
    case 'complete':
      return ledger.complete(item)
    case 'abandon':
      return ledger.abandon(item)
    case 'reconcile':
      return ledger.reconcile(item)
    case 'note':
      return ledger.note(item)
    case 'vote':
      return ledger.vote(item)
  }
}

function itemOf(happens: Event, current: number, place: number, request: number): LedgerItem {
  const body = `{"v":1,"n":${place}`
  switch (happens.do) {
    case 'admit':
      return admission(happens, current, request, body)
    case 'complete':
      return { kind: 'complete', callId: `call ${happens.call}`, status: happens.status, ...(happens.keep === null ? {} : { keep: happens.keep }), body }
    case 'abandon':
      return { kind: 'abandon', callId: `call ${happens.call}`, body }
    case 'reconcile':
      return { kind: 'reconcile', callId: `call ${happens.call}`, status: 'indeterminate', body }
    case 'note':
      return { kind: 'note', body: `${body},"text":${JSON.stringify(happens.text)}` }
    case 'vote': {
      const person = PEOPLE[happens.person] ?? 'grace'
      const vote = { person, principal: `${person}-account`, decision: happens.refuse ? 'refuse' as const : 'approve' as const, reason: 'because' }
      return { kind: 'vote', approvalId: `apv-${happens.approval}`, authorization: current - (happens.stale ? 1 : 0), vote, body }
    }
  }
}

function admission(happens: Extract<Event, { do: 'admit' }>, current: number, request: number, body: string): AdmitItem {
  const principal = `principal ${happens.principal}`
  const { approval, key: chosen } = happens
  return {
    kind: 'admit', callId: `call ${happens.call}`, authorization: current - (happens.stale ? 1 : 0), principal, deadlineMs: 1000 * (1 + (happens.call % 4)),
    limits: { included: happens.included, overage: happens.overage, tenantPerMinute: happens.rate * 2, principalPerMinute: happens.rate },
    job: { instance: 'psa', tool: 'psa.wipe' }, body,
    idempotency: chosen === null ? undefined : { key: `key ${chosen.key}`, fingerprint: `${happens.principal} ${chosen.fingerprint}` },
    approval: approval === null ? undefined : {
      ask: {
        digest: `digest ${approval.digest}`, requester: principal, electorate: PEOPLE.slice(0, approval.electorate),
        ...(approval.named === null ? {} : { approvalId: `apv-${approval.named}` }),
      },
      request: {
        id: `apv-${request}`, digest: `digest ${approval.digest}`, requester: principal, self: [principal], customer: approval.digest === 0 ? undefined : 'acme',
        tool: 'psa.wipe', instance: 'psa', arguments: '{}', sent: '{}', quorum: approval.quorum,
      },
    },
  }
}
