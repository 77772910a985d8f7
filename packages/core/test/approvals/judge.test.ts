import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { COOL_DOWN, type Approval, type Vote } from '../../src/approvals/approval.ts'
import { judgeApproval } from '../../src/approvals/judge.ts'

const NOW = 1_000_000_000
const vote = (person: string): Vote => ({ person, principal: person, decision: 'approve', reason: 'x', at: NOW - 10 })
const approval = (more: Partial<Approval> = {}): Approval => ({
  id: 'apr', digest: 'd', requester: 'rita', self: ['rita'], customer: 'acme', tool: 't', instance: 'i', arguments: '{}', sent: '{}', quorum: 1,
  state: 'pending', openedAt: NOW - 100, expiresAt: NOW + 100, votes: [], ...more,
})
const ask = { digest: 'd', requester: 'rita', electorate: ['vera', 'olga'] }
const judged = (found: Approval | undefined, approvalId?: string, more: object = {}): string => {
  const said = judgeApproval(found, { ...ask, approvalId, ...more }, NOW)
  return said.kind === 'deny' ? said.code : said.kind
}
const granted = (...people: string[]): Approval => approval({ state: 'granted', votes: people.map(vote) })

describe('AP-01: what an approval answers', () => {
  verifies('AP-01', 'named: its own state; not named: only while it is open, cooling down or just used', () => {
    const cases: readonly [found: Approval | undefined, named: string, unnamed: string][] = [
      [undefined, 'approval_stale', 'open'],
      [approval(), 'pending', 'pending'],
      [approval({ expiresAt: NOW }), 'approval_expired', 'open'],
      [approval({ expiresAt: NOW + 1 }), 'pending', 'pending'],
      [granted('vera'), 'consume', 'consume'],
      [{ ...granted('vera'), expiresAt: NOW }, 'approval_expired', 'open'],
      [approval({ state: 'stale', closedAt: NOW }), 'approval_stale', 'open'],
      ...(['refused', 'consumed'] as const).flatMap((state): [Approval, string, string][] => [
        [approval({ state, closedAt: NOW - COOL_DOWN + 1 }), `approval_${state}`, `approval_${state}`],
        [approval({ state, closedAt: NOW - COOL_DOWN }), `approval_${state}`, 'open'],
      ]),
    ]
    for (const [found, named, unnamed] of cases) expect([judged(found, 'apr'), judged(found)], JSON.stringify(found)).toEqual([named, unnamed])
  })

  verifies(['AP-01', 'approval_stale'], 'somebody else’s request, or one of another call, gives nothing to who names it, whatever its state', () => {
    for (const state of ['pending', 'granted', 'refused', 'consumed', 'stale'] as const) {
      const found = { ...granted('vera'), state }
      expect(judged(found, 'apr', { requester: 'hugo' })).toBe('approval_stale')
      expect(judged(found, 'apr', { digest: 'other' })).toBe('approval_stale')
    }
  })

  verifies(['AP-02', 'AP-04', 'self_approval'], 'a grant counts distinct persons who may vote now; a person of the self among them ends it', () => {
    expect(judged(granted('rita'))).toBe('self_approval')
    expect(judged(granted('vera', 'rita'))).toBe('self_approval')
    expect(judged(granted('hugo'))).toBe('approval_stale')
    fc.assert(
      fc.property(fc.array(fc.constantFrom('vera', 'olga', 'hugo', 'rita'), { maxLength: 4 }), fc.integer({ min: 1, max: 3 }), (people, quorum) => {
        const standing = new Set(people.filter((person) => ask.electorate.includes(person)))
        const expected = people.includes('rita') ? 'self_approval' : standing.size >= quorum ? 'consume' : 'approval_stale'
        expect(judged({ ...granted(...people), quorum })).toBe(expected)
      }),
    )
  })
})
