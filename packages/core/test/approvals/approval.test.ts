import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Call } from '../../src/call.ts'
import { codeOf, hold, MINUTE, NO, resumed, vote, wipe, wiped, withStage } from '../fixtures/asking.ts'
import { bytesOf } from '../fixtures/stage.ts'
import { refusal, stops } from '../fixtures/stopped.ts'
import { agentToken, tokenOf } from '../fixtures/world.ts'

const OWNED = ['plane.directory', 'plane.snapshot', 'ledger.note', 'dispatcher.owner', 'ledger.admit']
/** The owner is asked for again, within the minute in which equal askings are one record. */
const OWNED_AGAIN = OWNED.filter((port) => port !== 'ledger.note')

describe('gate 10: approval', () => {
  verifies(['approval_required', 'CH-10', 'AP-06'], 'a destructive call opens one request, recorded with it, and is not dispatched', () => withStage(async (stage) => {
    const stopped = await stops(stage, 'approval_required', () => stage.call(wipe), { ports: OWNED, record: { kind: 'call', step: 'held', code: 'approval_required', tool: 'psa.wipe' } })
    expect(stopped.kind === 'hold' && stopped.approvalId).toMatch(/^apr_[0-9a-f]{32}$/)
    expect((await stage.last())['approval']).toBe(stopped.kind === 'hold' ? stopped.approvalId : '')
    expect(wiped(stage)).toBe(0)
  }))

  verifies(['approval_pending', 'AP-01'], 'the same call again, in any order of its members, meets the same request; by its id too', () => withStage(async (stage) => {
    const id = await hold(stage, { tool: 'psa.wipe', arguments: { id: 1, why: 'old', weight: 1 } })
    const again = await stops(stage, 'approval_pending', () => stage.call({ tool: 'psa.wipe', arguments: { weight: 1.0, why: 'old', id: 1 } }), { ports: [...OWNED_AGAIN, 'ledger.note'], record: refusal('approval_pending') })
    expect(again).toMatchObject({ approvalId: id })
    expect(await stage.call(resumed(id))).toMatchObject({ code: 'approval_pending', approvalId: id })
    expect((await stage.log()).filter(({ step }) => step === 'held')).toHaveLength(1)
  }))

  verifies(['approval_refused', 'AP-01', 'AP-06'], 'a refusal stands for 15 minutes, then the same call opens a new request', () => withStage(async (stage) => {
    const id = await hold(stage)
    expect(await vote(stage, id, 'admin', NO)).toMatchObject({ kind: 'approval', state: 'refused' })
    await stops(stage, 'approval_refused', () => stage.call(wipe), { ports: [...OWNED_AGAIN, 'ledger.note'], record: refusal('approval_refused') })
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
    const stopped = await stops(stage, 'approval_stale', () => stage.call({ ...wipe, approvalId: 'apr_invented' }), { ports: [...OWNED_AGAIN, 'ledger.note'], record: refusal('approval_stale'), sent: ['apr_invented'] })
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
    // What the schema leaves out is kept as it was sent, and no longer either.
    const beside = (length: number): Partial<Call> => ({ tool: 'psa.wipe', arguments: { id: 1, more: 'x'.repeat(length) } })
    const frame = '{"id":1,"more":""}'.length
    expect(await codeOf(stage, beside(16_384 - frame))).toBe('approval_required')
    expect(await codeOf(stage, beside(16_384 - frame + 1))).toBe('input_invalid')
    const hidden = { id: 1, why: 'bidi \u202e and <b>\nline' }
    const page = await vote(stage, await hold(stage, { tool: 'psa.wipe', arguments: hidden }))
    expect(page.kind === 'approval' && JSON.parse(page.arguments)).toEqual({ ...hidden, mode: 'soft' })
  }))
})
