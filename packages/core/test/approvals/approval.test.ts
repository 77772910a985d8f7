import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Call, Request } from '../../src/call.ts'
import type { Approval, Vote } from '../../src/approvals/approval.ts'
import { castVote } from '../../src/approvals/vote.ts'
import { bytesOf, Stage, type StageOptions } from '../fixtures/stage.ts'
import { refusal, stops } from '../fixtures/stopped.ts'
import { agentToken, tokenOf } from '../fixtures/world.ts'

const withStage = async (work: (stage: Stage) => Promise<void>, options?: StageOptions): Promise<void> => {
  await using stage = await Stage.open(options)
  await work(stage)
}
const FINE = { decision: 'approve', reason: 'fine' } as const
const NO = { decision: 'refuse', reason: 'no' } as const
const OWNED = ['plane.directory', 'plane.snapshot', 'ledger.note', 'dispatcher.owner', 'ledger.admit']
const wipe: Partial<Call> = { tool: 'psa.wipe', arguments: { id: 1 } }
const MINUTE = 60_000
/** Without arguments: those of the approval are meant. */
const resumed = (approvalId: string): Partial<Call> => ({ tool: 'psa.wipe', arguments: undefined, approvalId })

const hold = async (stage: Stage, call: Partial<Call> = wipe): Promise<string> => {
  const held = await stage.call(call)
  if (held.kind !== 'hold') throw new Error(JSON.stringify(held))
  return held.approvalId!
}
const vote = (stage: Stage, id: string, subject = 'admin', ballot: typeof FINE | typeof NO = FINE, request: Partial<Request> = {}): ReturnType<Stage['portcullis']['approvals']['vote']> =>
  stage.portcullis.approvals.vote({ token: stage.token(subject), ...request }, id, ballot)
const wiped = (stage: Stage): number => stage.vendor.jobs.filter(({ tool }) => tool.name === 'wipe').length
const codeOf = async (stage: Stage, call: Partial<Call> = wipe): Promise<string> => {
  const outcome = await stage.call(call)
  return outcome.kind === 'denial' || outcome.kind === 'hold' ? outcome.code : outcome.kind
}

describe('gate 10: approval', () => {
  verifies(['approval_required', 'CH-10', 'AP-06'], 'a destructive call opens one request, recorded with it, and is not dispatched', () => withStage(async (stage) => {
    const stopped = await stops(stage, 'approval_required', () => stage.call(wipe), { ports: OWNED, record: { kind: 'call', step: 'held', code: 'approval_required', tool: 'psa.wipe' } })
    expect(stopped.kind === 'hold' && stopped.approvalId).toMatch(/^apr_[0-9a-f]{32}$/)
    expect((await stage.last())['approval']).toBe(stopped.kind === 'hold' ? stopped.approvalId : '')
    expect(wiped(stage)).toBe(0)
  }))

  verifies(['approval_pending', 'AP-01'], 'the same call again, in any order of its members, meets the same request; by its id too', () => withStage(async (stage) => {
    const id = await hold(stage, { tool: 'psa.wipe', arguments: { id: 1, why: 'old', weight: 1 } })
    const again = await stops(stage, 'approval_pending', () => stage.call({ tool: 'psa.wipe', arguments: { weight: 1.0, why: 'old', id: 1 } }), { ports: [...OWNED, 'ledger.note'], record: refusal('approval_pending') })
    expect(again).toMatchObject({ approvalId: id })
    expect(await stage.call(resumed(id))).toMatchObject({ code: 'approval_pending', approvalId: id })
    expect((await stage.log()).filter(({ step }) => step === 'held')).toHaveLength(1)
  }))

  verifies(['approval_refused', 'AP-01', 'AP-06'], 'a refusal stands for 15 minutes, then the same call opens a new request', () => withStage(async (stage) => {
    const id = await hold(stage)
    expect(await vote(stage, id, 'admin', NO)).toMatchObject({ kind: 'approval', state: 'refused' })
    await stops(stage, 'approval_refused', () => stage.call(wipe), { ports: [...OWNED, 'ledger.note'], record: refusal('approval_refused') })
    await stage.clock.advance(15 * MINUTE - 1)
    expect(await codeOf(stage, { ...wipe, token: stage.token('operator') })).toBe('approval_refused')
    await stage.clock.advance(1)
    expect(await codeOf(stage, { ...wipe, token: stage.token('operator') })).toBe('approval_required')
    expect(await codeOf(stage, { ...wipe, token: stage.token('operator'), approvalId: id })).toBe('approval_refused')
  }))

  verifies(['approval_expired', 'AP-01'], 'APR-11: a request ends after 24 h, a grant after 1 h, to the millisecond', () => withStage(async (stage) => {
    const id = await hold(stage)
    await stage.clock.advance(24 * 60 * MINUTE - 1)
    const late = (): Partial<Call> => ({ ...resumed(id), token: stage.token('operator') })
    expect(await codeOf(stage, late())).toBe('approval_pending')
    expect(await vote(stage, id)).toMatchObject({ state: 'granted' })
    await stage.clock.advance(60 * MINUTE)
    await stops(stage, 'approval_expired', () => stage.call(late()), { ports: ['plane.directory', 'plane.snapshot', 'ledger.approval', 'ledger.note', 'dispatcher.owner', 'ledger.admit', 'ledger.note'], record: refusal('approval_expired') })
    expect(await vote(stage, id, 'admin2')).toMatchObject({ kind: 'vote_refused' })
    const next = await hold(stage, { ...wipe, token: stage.token('operator') })
    expect(next).not.toBe(id)
    expect(await vote(stage, next)).toMatchObject({ state: 'granted' })
    await stage.clock.advance(60 * MINUTE - 1)
    expect(await codeOf(stage, { ...wipe, token: stage.token('operator') })).toBe('result')
  }))

  verifies(['approval_consumed', 'AP-01', 'CH-10'], 'APR-01: 64 at once with one approval: exactly one is dispatched', () => withStage(async (stage) => {
    const id = await hold(stage)
    await vote(stage, id)
    const outcomes = await Promise.all(Array.from({ length: 64 }, (_, index) => stage.call(index % 2 === 0 ? wipe : resumed(id))))
    expect(outcomes.filter(({ kind }) => kind === 'result')).toHaveLength(1)
    for (const outcome of outcomes) if (outcome.kind !== 'result') expect(outcome).toMatchObject({ kind: 'denial', gate: 'approval', code: 'approval_consumed', effect: 'none' })
    expect(wiped(stage)).toBe(1)
    expect((await stage.log()).filter(({ step, approval }) => step === 'intent' && approval === id)).toHaveLength(1)
    await stage.clock.advance(15 * MINUTE)
    expect(await codeOf(stage, { ...wipe, token: stage.token('operator') })).toBe('approval_required')
  }))

  test('APR-02: a changed value, sign, form or requester is another call; the order of members is not', () => withStage(async (stage) => {
    const approved = { tool: 'psa.wipe', arguments: { id: 1, why: 'é', weight: 0 } }
    await vote(stage, await hold(stage, approved))
    for (const other of [{ id: 3, why: 'é', weight: 0 }, { id: 1, why: 'e\u0301', weight: 0 }, { id: 1, why: 'é', weight: 1 }, { id: 1, why: 'é' }, { id: 1, why: 'é', weight: 0, mode: 'hard' }, { id: 1, why: 'é', weight: 2 ** 53 }]) {
      expect(await codeOf(stage, { ...approved, arguments: other }), JSON.stringify(other)).toBe('approval_required')
    }
    expect(await codeOf(stage, { ...approved, token: tokenOf('owner') })).toBe('approval_required')
    expect(await codeOf(stage, { ...approved, token: agentToken('desk') })).toBe('approval_required')
    expect(wiped(stage)).toBe(0)
    expect(await codeOf(stage, { ...approved, arguments: { weight: -0, unknown: 'stripped', mode: 'soft', why: 'é', id: 1 } })).toBe('result')
  }))

  test('APR-03: what is dispatched is what was shown: defaults are in it, and nobody can change it', () => withStage(async (stage) => {
    const id = await hold(stage)
    const page = await vote(stage, id)
    await stage.call(resumed(id))
    const [job] = stage.vendor.jobs
    expect(page.kind === 'approval' && page.arguments).toBe('{"id":1,"mode":"soft"}')
    expect(job!.input).toEqual({ id: 1, mode: 'soft' })
    expect(Object.isFrozen(job!.input)).toBe(true)
  }))

  for (const [what, change] of [
    ['the configuration', { configuration: 2 }], ['the vendor key of the customer', { mapping: { acme: 11, globex: 20 } }], ['the settings', { settings: { baseUrl: 'https://psa2.example' }, configuration: 3 }],
  ] as const) {
    test(`APR-04: ${what} of the instance changed after the approval: it does not fit any more`, () => withStage(async (stage) => {
      const id = await hold(stage)
      await vote(stage, id)
      await stage.change('north', (before) => ({ ...before, instances: { ...before.instances, psa: { ...before.instances['psa']!, ...change } } }))
      expect(await codeOf(stage, { ...wipe, approvalId: id })).toMatch(/^(approval_stale|customer_out_of_scope)$/)
      expect(wiped(stage)).toBe(0)
    }))
  }

  verifies(['approval_stale', 'AP-01', 'IS-01'], "a foreign approval, an invented one and one of another call: the same bytes", () => withStage(async (stage) => {
    const own = await hold(stage, { tool: 'psa.wipe', arguments: { id: 3 } })
    const colleagues = await hold(stage, { ...wipe, token: tokenOf('owner') })
    const foreign = await hold(stage, { ...wipe, token: tokenOf('operator', { tenant: 'south' }) })
    for (const [id, subject] of [[own, 'admin'], [colleagues, 'admin']] as const) await vote(stage, id, subject)
    const stopped = await stops(stage, 'approval_stale', () => stage.call({ ...wipe, approvalId: 'apr_invented' }), { ports: [...OWNED, 'ledger.note'], record: refusal('approval_stale'), sent: ['apr_invented'] })
    for (const approvalId of [own, colleagues, foreign, '', '__proto__']) expect(bytesOf(await stage.call({ ...wipe, approvalId }))).toBe(bytesOf(stopped))
    const invented = bytesOf(await stage.call(resumed('apr_invented')))
    for (const approvalId of [colleagues, foreign]) expect(bytesOf(await stage.call(resumed(approvalId)))).toBe(invented)
    expect(wiped(stage)).toBe(0)
  }))

  verifies(['self_approval', 'AP-02'], 'APR-08: whoever became the same person as the requester since does not count at consumption', () => withStage(async (stage) => {
    const id = await hold(stage)
    expect(await vote(stage, id)).toMatchObject({ state: 'granted' })
    await stage.account('operator', (before) => (before.kind === 'human' ? { ...before, person: 'admin' } : before))
    expect(await codeOf(stage)).toMatch(/^(approval_stale|self_approval)$/)
    expect(wiped(stage)).toBe(0)
    expect(await vote(stage, await hold(stage, { ...wipe, token: tokenOf('admin') }), 'operator')).toMatchObject({ code: 'self_approval' })
    expect(await stage.last()).toMatchObject({ gate: 'approval', code: 'self_approval', security: true })
  }))

  test('APR-08: an approver who was disabled, or lost the role, before the consumption does not count; the grant is over for good', () => withStage(async (stage) => {
    const losses: readonly [voter: string, id: number, lose: () => Promise<void>][] = [
      ['admin2', 1, () => stage.account('admin2', (before) => ({ ...before, disabled: true }))],
      ['acme_admin', 3, () => stage.account('acme_admin', (before) => (before.kind === 'human' ? { ...before, bindings: [{ role: 'tenant_operator' }] } : before))],
    ]
    for (const [voter, id, lose] of losses) {
      const call = { ...wipe, arguments: { id } }
      expect(await vote(stage, await hold(stage, call), voter)).toMatchObject({ state: 'granted' })
      await lose()
      expect(await codeOf(stage, call)).toBe('approval_stale')
      expect(await codeOf(stage, call)).toBe('approval_required')
    }
    expect(wiped(stage)).toBe(0)
  }))

  test('APR-13: an approval stays spent when nobody can tell what became of the call; it is granted again only when surely nothing was sent', () => withStage(async (stage) => {
    const id = await hold(stage)
    await vote(stage, id)
    stage.vendor.answer = () => ({ kind: 'not_sent', code: 'credential_unavailable' })
    expect(await codeOf(stage)).toBe('credential_unavailable')
    stage.vendor.answer = () => ({ kind: 'unknown', code: 'connector_timeout' })
    expect(await codeOf(stage)).toBe('connector_timeout')
    expect(await codeOf(stage)).toBe('approval_consumed')
    expect(wiped(stage)).toBe(2)
  }))

  test('APR-13: killed between intent and outcome: the intent is closed as indeterminate, never tried again, the approval stays spent', () => withStage(async (stage) => {
    await vote(stage, await hold(stage))
    stage.storage.trouble = (verb) => (verb === 'complete' ? 'hang' : undefined)
    void stage.call(wipe)
    await stage.clock.advance(60_000)
    stage.storage.trouble = undefined
    const last = (await stage.log()).find(({ step }) => step === 'reconciled')
    expect(last).toMatchObject({ status: 'indeterminate', effect: 'unknown', tool: 'psa.wipe' })
    expect(await codeOf(stage, { ...wipe, token: stage.token('operator') })).toBe('approval_consumed')
    expect(wiped(stage)).toBe(1)
  }))

  verifies(['AP-06', 'CH-18'], '20 pending requests of one requester, 200 of the tenant, then no more are opened', () => withStage(async (stage) => {
    stage.vendor.owned = () => ({ kind: 'owner', key: 10 })
    const opens = (subject: string, id: number): Promise<string> => codeOf(stage, { token: stage.token(subject), tool: 'psa.wipe', arguments: { id } })
    for (let id = 0; id < 20; id++) expect(await opens('operator', id)).toBe('approval_required')
    expect(await opens('operator', 20)).toBe('rate_limited')
    expect(await opens('operator', 3)).toBe('approval_pending')
    expect(await opens('two', 1)).toBe('approval_required')
  }))

  test('APR-15: more than can be shown whole to a voter is not asked for', () => withStage(async (stage) => {
    const shown = (length: number): Partial<Call> => ({ tool: 'psa.wipe', arguments: { id: 1, why: 'x'.repeat(length) } })
    const framing = '{"id":1,"mode":"soft","why":""}'.length
    expect(await codeOf(stage, shown(16_384 - framing))).toBe('approval_required')
    expect(await codeOf(stage, shown(16_384 - framing + 1))).toBe('input_invalid')
    const hidden = { id: 1, why: 'bidi \u202e and <b>\nline' }
    const page = await vote(stage, await hold(stage, { tool: 'psa.wipe', arguments: hidden }))
    expect(page.kind === 'approval' && JSON.parse(page.arguments)).toEqual({ ...hidden, mode: 'soft' })
  }))
})

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
    expect((await stage.log()).filter(({ kind }) => kind === 'refusal')).toHaveLength(1)
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
