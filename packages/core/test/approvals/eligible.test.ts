import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { electorate, mayVoteOn, selfOf } from '../../src/approvals/eligible.ts'
import { CALL_TABLE, ROLES, type Role } from '../../src/roles/role.ts'
import type { Binding, Directory, Principal } from '../../src/tenancy/directory.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = 1_000 * DAY
const OPENED = NOW - HOUR
/** Settled at this moment: as old as it must be, both for the day and for the request. */
const LONG_AGO = NOW - 30 * DAY

const person = (id: string, more: Partial<Principal> = {}): Principal => ({ id, kind: 'human', disabled: false, person: id, epoch: 0, keepers: [], touchedBy: [], ...more })
const binding = (principal: string, role: Role, more: Partial<Binding> = {}): Binding => ({ principal, role, since: LONG_AGO, ...more })
const directoryOf = (principals: readonly Principal[], bindings: readonly Binding[]): Directory => ({
  version: 1, asOf: NOW, status: 'active', epoch: 0, credentials: new Map(), customers: new Map(), identities: new Map(),
  principals: new Map(principals.map((principal) => [principal.id, principal])), bindings: Map.groupBy(bindings, ({ principal }) => principal),
})
const REQUEST = { self: ['rita'], customer: 'acme' as string | undefined, openedAt: OPENED }

/** What AP-02 says of one voter with these bindings about a request by rita for acme. */
const judged = (voter: Partial<Principal>, bindings: readonly Partial<Binding>[], request: Partial<typeof REQUEST> = {}, claims: { roles?: readonly string[]; customer?: string } = {}): string => {
  const account = person('vera', voter)
  const held = bindings.map((more) => ({ ...binding('vera', 'tenant_admin'), ...more }))
  return mayVoteOn(account, { ...REQUEST, ...request }, directoryOf([account], held), NOW, claims) ?? 'may vote'
}

describe('AP-02: who may vote', () => {
  verifies(['AP-02', 'AP-03'], 'admins and owners of the tenant, and admins of that very customer; no other role', () => {
    for (const role of ROLES) expect(judged({}, [{ role, ...(role.startsWith('customer_') ? { customer: 'acme' } : {}) }]), role).toBe(CALL_TABLE[role].vote ? 'may vote' : 'role_forbids')
    expect(judged({}, [{ customer: 'acme' }])).toBe('may vote')
    expect(judged({}, [{ customer: 'globex' }])).toBe('role_forbids')
    expect(judged({}, [{ customer: 'acme' }], { customer: undefined })).toBe('role_forbids') // a call for the whole tenant needs a tenant-wide voter
    expect(judged({}, [])).toBe('role_forbids')
  })

  verifies(['AP-02', 'RO-07'], 'a token that was narrowed votes no more than it calls', () => {
    expect(judged({}, [{}], {}, { roles: ['tenant_operator'] })).toBe('role_forbids')
    expect(judged({}, [{}], {}, { roles: ['tenant_admin'], customer: 'acme' })).toBe('may vote')
    expect(judged({}, [{}], {}, { customer: 'globex' })).toBe('role_forbids')
    expect(judged({}, [{}], { customer: undefined }, { customer: 'acme' })).toBe('role_forbids')
  })

  verifies('AP-02', 'nobody approves their own request, by any of their identities', () => {
    expect(judged({ person: 'rita' }, [{}])).toBe('self_approval') // another account of the same human being
    expect(judged({}, [{}], { self: ['someone', 'vera'] })).toBe('self_approval') // keeper of the asking service account, or human of the asking agent
  })

  verifies(['AP-02', 'ID-09'], 'service accounts and agents never vote, whatever they hold', () => {
    for (const kind of ['service', 'agent'] as const) expect(judged({ kind }, [{}])).toBe('role_forbids')
  })

  verifies('AP-02', "the voter's binding is older than the request, and than 24 h", () => {
    const early = NOW - 10 * DAY
    for (const [since, openedAt, expected] of [
      [NOW - DAY, OPENED, 'may vote'], [NOW - DAY + 1, OPENED, 'approval_stale'], [early - 1, early, 'may vote'], [early, early, 'approval_stale'], [early + 1, early, 'approval_stale'],
    ] as const) expect(judged({}, [{ since }], { openedAt }), `${since} ${openedAt}`).toBe(expected)
    expect(judged({}, [{ since: NOW }, { since: LONG_AGO }])).toBe('may vote') // one that is old enough suffices
    const { since: _, ...always } = binding('vera', 'tenant_admin')
    expect(mayVoteOn(person('vera'), REQUEST, directoryOf([person('vera')], [always]), NOW, {})).toBeUndefined() // absent = always
  })

  verifies('AP-02', "a new binding for another customer, or that has ended or not begun, does not count", () => {
    expect(judged({}, [{ since: LONG_AGO, until: NOW }])).toBe('role_forbids')
    expect(judged({}, [{ since: LONG_AGO, until: NOW + 1 }])).toBe('may vote')
    expect(judged({}, [{ since: NOW + 1 }])).toBe('role_forbids')
  })

  verifies('AP-02', "the voter's second factor is older than the request, and than 24 h", () => {
    for (const [secondFactorSince, expected] of [[NOW - DAY, 'may vote'], [NOW - DAY + 1, 'approval_stale'], [undefined, 'may vote']] as const) {
      expect(judged(secondFactorSince === undefined ? {} : { secondFactorSince }, [{}])).toBe(expected)
    }
    expect(judged({ secondFactorSince: NOW - 10 * DAY }, [{}], { openedAt: NOW - 11 * DAY })).toBe('approval_stale')
  })

  verifies('AP-02', 'whoever invited the voter or reset their password or second factor is their self for that time', () => {
    for (const [at, who, expected] of [
      [NOW - DAY + 1, 'rita', 'self_approval'], [NOW, 'rita', 'self_approval'], [NOW - DAY, 'rita', 'may vote'], [NOW, 'hugo', 'may vote'],
    ] as const) expect(judged({ touchedBy: [{ person: who, at }] }, [{}]), `${who} ${at}`).toBe(expected)
    expect(judged({ touchedBy: [{ person: 'rita', at: NOW - 10 * DAY }] }, [{}], { openedAt: NOW - 11 * DAY })).toBe('self_approval') // after the request
  })

  verifies('AP-02', 'APR-08: whoever granted the role is their self for that time', () => {
    expect(judged({}, [{ since: NOW - HOUR, grantedBy: 'rita' }])).toBe('self_approval')
    expect(judged({}, [{ since: NOW - HOUR, grantedBy: 'hugo' }])).toBe('approval_stale')
    expect(judged({}, [{ since: NOW - DAY, grantedBy: 'rita' }])).toBe('may vote')
  })

  test('APR-05 APR-06 APR-08: whatever else is true, a person of the self, a role without votes, or nothing settled never votes', () => {
    const times = fc.constantFrom(NOW - 11 * DAY, NOW - 10 * DAY, NOW - DAY, NOW - DAY + 1, NOW - HOUR, NOW, NOW + 1)
    const anyBinding = fc.record({ role: fc.constantFrom(...ROLES), customer: fc.constantFrom(undefined, 'acme', 'globex'), since: times, until: fc.constantFrom(undefined, NOW, NOW + 1), grantedBy: fc.constantFrom(undefined, 'rita', 'hugo') })
    const anyVoter = fc.record({ kind: fc.constantFrom('human', 'service', 'agent'), person: fc.constantFrom('vera', 'rita'), secondFactorSince: fc.option(times, { nil: undefined }), touchedBy: fc.array(fc.record({ person: fc.constantFrom('rita', 'hugo'), at: times }), { maxLength: 2 }) })
    const settled = (at: number | undefined, openedAt: number): boolean => at === undefined || (at < openedAt && NOW - at >= DAY)
    fc.assert(
      fc.property(anyVoter, fc.array(anyBinding, { maxLength: 3 }), fc.constantFrom(OPENED, NOW - 10 * DAY), (voter, bindings, openedAt) => {
        const verdict = judged(voter as Partial<Principal>, bindings as Partial<Binding>[], { openedAt })
        const good = bindings.some(({ role, customer, since, until }) => CALL_TABLE[role].vote && (customer ?? 'acme') === 'acme' && settled(since, openedAt) && NOW < (until ?? Infinity))
        const may = voter.kind === 'human' && voter.person !== 'rita' && good && settled(voter.secondFactorSince, openedAt) && voter.touchedBy.every(({ person: who, at }) => who !== 'rita' || settled(at, openedAt))
        expect(verdict === 'may vote').toBe(may)
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('the self of a requester', () => {
  verifies(['AP-02', 'ID-09'], 'APR-06: the keepers of a service account, the person of an agent and of every account', () => {
    const operator = person('operator', { person: 'olga' })
    const agent = person('desk', { kind: 'agent', agent: { human: 'operator', client: 'desk', wholeTenant: false } })
    const bot = person('bot', { kind: 'service', keepers: ['ada', 'olga'] })
    const directory = directoryOf([operator, agent, bot], [])
    expect(selfOf(operator, directory)).toEqual(['olga'])
    expect(selfOf(agent, directory)).toContain('olga')
    expect(selfOf(bot, directory)).toEqual(expect.arrayContaining(['ada', 'olga']))
  })
})

describe('the electorate at consumption', () => {
  verifies('AP-02', 'APR-08: enabled people whose role votes for this reach at this moment, each once however many accounts they have', () => {
    const people = [person('a'), person('b', { disabled: true }), person('c'), person('d', { kind: 'service' }), person('e'), person('a2', { person: 'a' }), person('f')]
    const bindings = [
      binding('a', 'tenant_admin'), binding('a2', 'tenant_owner'), binding('b', 'tenant_admin'), binding('c', 'tenant_operator'), binding('d', 'tenant_admin'),
      binding('e', 'tenant_admin', { customer: 'acme' }), binding('f', 'tenant_admin', { until: NOW }),
    ]
    const directory = directoryOf(people, bindings)
    expect(electorate(directory, 'acme', NOW).toSorted()).toEqual(['a', 'e'])
    expect(electorate(directory, 'globex', NOW)).toEqual(['a'])
    expect(electorate(directory, undefined, NOW)).toEqual(['a'])
  })
})
