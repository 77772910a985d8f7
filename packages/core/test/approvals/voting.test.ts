import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Approval, Vote } from '../../src/approvals/approval.ts'
import { castVote } from '../../src/approvals/vote.ts'
import type { Request } from '../../src/call.ts'
import { codeOf, FINE, hold, MINUTE, NO, vote, wipe, withStage } from '../fixtures/asking.ts'
import { bytesOf } from '../fixtures/stage.ts'
import { agentToken, tokenOf } from '../fixtures/world.ts'

describe('voting', () => {
  verifies(['AP-02', 'AP-03', 'AP-04'], 'who votes and how; every refusal says one thing', () => withStage(async (stage) => {
    const id = await hold(stage, { ...wipe, token: await stage.service('bot') })
    const code = async (answer: ReturnType<typeof vote>): Promise<unknown> => { const said = await answer; return said.kind === 'approval' ? said.state : 'code' in said ? said.code : said.kind }
    const by = (request: Partial<Request>): Promise<unknown> => code(vote(stage, id, 'admin2', FINE, request))
    expect(await code(vote(stage, id, 'admin'))).toBe('self_approval') // APR-06: keeps the service account
    for (const subject of ['operator', 'auditor', 'billing', 'acme_operator']) expect(await code(vote(stage, id, subject)), subject).toBe('not_found')
    expect(await by({ token: stage.token('admin2', { signedIn: 901 }) })).toBe('step_up_required')
    expect(await by({ token: stage.token('admin2', { signedIn: null }) })).toBe('step_up_required')
    expect(await by({ token: stage.token('admin2', { claims: { amr: ['pwd'] } }) })).toBe('step_up_required')
    expect(await by({ token: await stage.service('adminbot') })).toBe('not_found')
    expect(await by({ token: agentToken('admin-desk', {}, 'admin') })).toBe('not_found')
    expect(await by({ token: undefined })).toBe('token_missing')
    expect(await by({ tenantsNamed: ['south'] })).toBe('tenant_mismatch')
    for (const ballot of [{ decision: 'approve', reason: '' }, { decision: 'approve', reason: ' ' }, { decision: 'maybe', reason: 'x' }, { decision: 'approve', reason: 'x'.repeat(501) }, { decision: 'approve', reason: 5 }]) {
      expect(await code(vote(stage, id, 'admin2', ballot as typeof FINE))).toBe('ballot_invalid')
    }
    expect(await code(vote(stage, id, 'admin2'))).toBe('granted')
    expect(await stage.last()).toMatchObject({ kind: 'vote', step: 'vote', vote: 'approve', reason: 'fine', methods: ['pwd', 'otp'], principal: 'admin2', approval: id })
    expect(await code(vote(stage, id, 'owner'))).toBe('already_voted')
  }))

  verifies(['IS-01', 'AP-02'], 'APR-16: a foreign, an invented and an invisible approval: the same bytes, to read and to vote on', () => withStage(async (stage) => {
    const foreign = await hold(stage, { ...wipe, token: tokenOf('operator', { tenant: 'south' }) })
    const invisible = await hold(stage)
    const asked = async (subject: string, id: string): Promise<readonly string[]> => [bytesOf(await vote(stage, id, subject)), bytesOf(await stage.portcullis.approvals.read({ token: tokenOf(subject) }, id))]
    const invented = await asked('admin', 'apr_invented')
    expect(await asked('admin', foreign)).toEqual(invented)
    expect(await asked('acme_viewer', invisible)).toEqual(invented)
    expect(invented.join()).toContain('not_found')
    expect(invented.join()).not.toContain('apr_')
  }))

  verifies('AP-02', 'a request is read by its requester and by those who may vote, and service accounts see nobody else’s', () => withStage(async (stage) => {
    const id = await hold(stage)
    const read = async (token: string): Promise<string> => (await stage.portcullis.approvals.read({ token }, id)).kind
    for (const subject of ['operator', 'admin', 'owner', 'acme_admin']) expect(await read(tokenOf(subject)), subject).toBe('approval')
    for (const token of [tokenOf('auditor'), tokenOf('two'), agentToken('desk'), await stage.service('adminbot'), await stage.service('bot')]) expect(await read(token)).toBe('vote_refused')
  }))

  verifies(['ID-09', 'AP-01'], 'an agent asks as its person and its client: another session of it meets the same request, another client does not, and its person cannot vote', () => withStage(async (stage) => {
    const id = await hold(stage, { ...wipe, token: agentToken('desk', { claims: { sid: 'one' } }) })
    expect(await stage.call({ ...wipe, token: agentToken('desk', { claims: { sid: 'two' } }) })).toMatchObject({ code: 'approval_pending', approvalId: id })
    expect(await codeOf(stage, { ...wipe, token: agentToken('desk-acme') })).toBe('approval_required')
    await stage.account('operator', (before) => (before.kind === 'human' ? { ...before, bindings: [{ role: 'tenant_admin' }] } : before))
    expect(await vote(stage, id, 'operator')).toMatchObject({ code: 'self_approval' })
    expect(await vote(stage, id, 'admin')).toMatchObject({ state: 'granted' })
  }))

  test('APR-10: approve and refuse at once, many times: it ends once, and every end is final', () => withStage(async (stage) => {
    for (let round = 0; round < 10; round++) {
      const id = await hold(stage, { tool: 'psa.wipe', arguments: { id: 1, weight: round } })
      const said = await Promise.all(['admin', 'admin2', 'owner', 'acme_admin'].map((subject, index) => vote(stage, id, subject, (index + round) % 2 === 0 ? FINE : NO)))
      expect(said.filter(({ kind }) => kind === 'approval')).toHaveLength(1)
      expect((await stage.log()).filter(({ step, approval }) => step === 'vote' && approval === id)).toHaveLength(1)
    }
  }))

  test('APR-09 APR-10: whatever votes come in whatever order, an ended request never changes and no person counts twice', () => {
    const votes = fc.array(fc.record({ person: fc.constantFrom('a', 'b', 'c'), decision: fc.constantFrom('approve' as const, 'refuse' as const), at: fc.integer({ min: 0, max: 200 }) }), { maxLength: 8 })
    fc.assert(
      fc.property(votes, fc.integer({ min: 1, max: 3 }), (cast, quorum) => {
        let approval = { state: 'pending', quorum, expiresAt: 100, openedAt: 0, votes: [], self: [] } as unknown as Approval
        for (const one of cast) {
          const before = approval
          const voted = castVote(before, { ...one, principal: one.person, reason: 'x' } satisfies Vote)
          if (before.state !== 'pending') expect(voted.ok).toBe(false)
          if (voted.ok) approval = voted.approval
        }
        const approvers = approval.votes.filter(({ decision }) => decision === 'approve').map(({ person }) => person)
        expect(new Set(approval.votes.map(({ person }) => person)).size).toBe(approval.votes.length)
        if (approval.state === 'granted') expect(approvers.length).toBeGreaterThanOrEqual(quorum)
        for (const { at } of approval.votes) expect(at).toBeLessThan(100)
      }),
    )
  })

  verifies(['CH-18', 'AP-06'], 'floods of votes, guessed or turned down, are shed before the log', () => withStage(async (stage) => {
    const code = async (id: string, subject: string): Promise<unknown> => { const said = await vote(stage, id, subject); return 'code' in said ? said.code : said.kind }
    const id = await hold(stage)
    const guessed: unknown[] = []
    for (let guess = 0; guess < 12; guess++) guessed.push(await code(`apr_${guess}`, 'admin'))
    expect(guessed).toEqual([...Array.from({ length: 10 }, () => 'not_found'), 'shed', 'shed'])
    const own: unknown[] = []
    for (let round = 0; round < 12; round++) own.push(await code(id, 'operator'))
    expect(own).toEqual([...Array.from({ length: 10 }, () => 'self_approval'), 'shed', 'shed'])
    expect(stage.portcullis.health().counters.shed).toBe(4)
    expect((await stage.log()).filter(({ kind }) => kind === 'refusal').map(({ vote }) => vote)).toEqual(['not_found', 'self_approval'])
    expect(await code(id, 'admin2')).toBe('approval')
  }, { more: { shedding: { requests: { principal: 10, tenant: 1_000 } } } }))

  test('APR-08: whom the requester invited an hour ago does not vote', () => withStage(async (stage) => {
    const at = stage.clock.now() - 60 * MINUTE
    await stage.account('admin2', (before) => (before.kind === 'human' ? { ...before, touchedBy: [{ person: 'operator', at }] } : before))
    const id = await hold(stage)
    expect(await vote(stage, id, 'admin2')).toMatchObject({ code: 'self_approval' })
    expect(await vote(stage, id, 'admin')).toMatchObject({ state: 'granted' })
  }))
})
