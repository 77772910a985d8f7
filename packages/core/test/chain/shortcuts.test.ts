import { describe, expect, test } from 'vitest'
import type { Call } from '../../src/call.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { settled } from '../fixtures/manual-clock.ts'
import { Stage } from '../fixtures/stage.ts'
import { agentToken, VENDOR_SECRET } from '../fixtures/world.ts'

/** Each of these is a line of code that somebody might leave out or move: `npm run sabotage` does it and wants to see them fail. */
const withStage = async (work: (stage: Stage) => Promise<void>): Promise<void> => {
  await using stage = await Stage.open()
  await work(stage)
}
const ACME = { kind: 'customer', customer: 'acme' } as const
const wipe: Partial<Call> = { tool: 'psa.wipe', arguments: { id: 1 } }
const answered = (work: Promise<unknown>): { yes: boolean } => {
  const state = { yes: false }
  void work.then(() => (state.yes = true))
  return state
}

describe('what is recorded first', () => {
  test('CH-12: nothing is sent while the intent is not durable', () => withStage(async (stage) => {
    stage.storage.trouble = (verb) => (verb === 'admit' ? 'hang' : undefined)
    const call = stage.call()
    await settled()
    expect(stage.vendor.jobs).toEqual([])
    await stage.clock.advance(60_000)
    expect(await call).toMatchObject({ kind: 'denial', code: 'audit_unavailable', effect: 'none' })
    expect(stage.vendor.jobs).toEqual([])
  }))

  test('CH-12: nothing is answered while the outcome is not durable', () => withStage(async (stage) => {
    stage.storage.trouble = (verb) => (verb === 'complete' ? 'hang' : undefined)
    const call = stage.call({ tool: 'psa.note', arguments: { id: 1 } })
    const answer = answered(call)
    await settled()
    expect([stage.vendor.jobs.length, answer.yes]).toEqual([1, false])
    await stage.clock.advance(60_000)
    expect(await call).toMatchObject({ kind: 'denial', code: 'audit_unavailable', effect: 'done' })
  }))

  test('IS-07: no owner is asked for while the record of the asking is not durable', () => withStage(async (stage) => {
    stage.storage.trouble = (verb) => (verb === 'note' ? 'hang' : undefined)
    const call = stage.call({ tool: 'psa.note', arguments: { id: 1 } })
    await settled()
    expect(stage.vendor.asked).toEqual([])
    await stage.clock.advance(60_000)
    expect(await call).toMatchObject({ kind: 'denial', code: 'audit_unavailable', effect: 'none' })
    expect([stage.vendor.asked, stage.vendor.jobs]).toEqual([[], []])
  }))

  test('CH-14: an equal refusal is not answered while the first one is not durable', () => withStage(async (stage) => {
    stage.storage.trouble = (verb) => (verb === 'note' ? 'hang' : undefined)
    const refusals = [stage.call({ tool: 'psa.invented' }), stage.call({ tool: 'psa.invented' })]
    const answers = refusals.map(answered)
    await settled()
    expect(answers).toEqual([{ yes: false }, { yes: false }])
    await stage.clock.advance(60_000)
    for (const refusal of refusals) expect(await refusal).toMatchObject({ kind: 'denial', code: 'audit_unavailable' })
  }))
})

describe('what a gate compares', () => {
  test('TEN-05: a request that names another tenant', () => withStage(async (stage) => {
    expect(await stage.call({ tenantsNamed: ['south'] })).toMatchObject({ kind: 'denial', code: 'tenant_mismatch' })
    expect(await stage.call({ tenantsNamed: ['north', 'south'] })).toMatchObject({ kind: 'denial', code: 'tenant_mismatch' })
    expect(await stage.call({ tenantsNamed: ['north'] })).toMatchObject({ kind: 'result' })
  }))

  test('CH-04: facts of 120 s decide, older ones do not', () => withStage(async (stage) => {
    const aged = (age: number) => ({ asOf: stage.clock.now() - age })
    for (const [age, directory, snapshot] of [[120_000, {}, {}], [120_001, { code: 'revocation_unknown' }, { code: 'snapshot_stale' }]] as const) {
      stage.altered.directory = (fact) => ({ ...fact, ...aged(age) })
      expect(await stage.call()).toMatchObject(directory)
      stage.altered.directory = undefined
      stage.altered.snapshot = (fact) => ({ ...fact, ...aged(age) })
      expect(await stage.call()).toMatchObject(snapshot)
    }
  }))

  test('ID-06: a token of a credential that was rotated since', () => withStage(async (stage) => {
    const token = await stage.service('bot')
    expect(await stage.call({ token })).toMatchObject({ kind: 'result' })
    await stage.account('bot', (bot) => (bot.kind === 'service' ? { ...bot, credentials: bot.credentials.map((credential) => ({ ...credential, epoch: 1 })) } : bot))
    expect(await stage.call({ token })).toMatchObject({ kind: 'denial', code: 'credential_revoked' })
  }))

  test("CUS-11: a write that names somebody else's record, or none that exists", () => withStage(async (stage) => {
    for (const id of [2, 99]) expect(await stage.call({ tool: 'psa.note', arguments: { id } })).toMatchObject({ kind: 'denial', code: 'customer_out_of_scope' })
    expect(stage.vendor.jobs).toEqual([])
  }))

  test('SEC-03: an answer that holds the credential it was got with', () => withStage(async (stage) => {
    const value = { tickets: [{ id: 1, client_id: 10, summary: `see ${VENDOR_SECRET}` }] }
    stage.vendor.answer = () => ({ kind: 'succeeded', value, injected: [Secret.of({ apiKey: VENDOR_SECRET })] })
    expect(await stage.call()).toMatchObject({ kind: 'denial', code: 'secret_echo' })
  }))
})

describe('what an approval is bound to', () => {
  test('AP-01: a default that is left out and one that is written out are one call, any other value is another', () => withStage(async (stage) => {
    const asked = await stage.call(wipe)
    if (asked.kind !== 'hold') return expect.fail(`${asked.kind} instead of a hold`)
    expect(await stage.call({ ...wipe, arguments: { mode: 'soft', id: 1 } })).toMatchObject({ code: 'approval_pending', approvalId: asked.approvalId })
    expect(await stage.call({ ...wipe, arguments: { mode: 'hard', id: 1 } })).toMatchObject({ code: 'approval_required' })
  }))

  test("AP-02: an agent does not vote, also not with its person's rights and second factor; the person does", () => withStage(async (stage) => {
    const asked = await stage.call(wipe)
    if (asked.kind !== 'hold' || asked.approvalId === undefined) return expect.fail(`${asked.kind} instead of a hold`)
    const ballot = { decision: 'approve', reason: 'looks right' } as const
    const { approvals } = stage.portcullis
    expect(await approvals.vote({ token: agentToken('admin-desk', { now: stage.clock.now() }, 'admin') }, asked.approvalId, ballot)).toMatchObject({ kind: 'vote_refused' })
    expect(await approvals.read({ token: stage.token('admin') }, asked.approvalId)).toMatchObject({ state: 'pending', approvals: 0 })
    expect(await approvals.vote({ token: stage.token('admin') }, asked.approvalId, ballot)).toMatchObject({ state: 'granted', approvals: 1 })
    expect(await stage.call(wipe)).toMatchObject({ kind: 'result' })
    expect(await stage.call(wipe)).toMatchObject({ code: 'approval_consumed' })
  }))
})

test('CH-15: a list is of the one who asks, whoever asked before', () => withStage(async (stage) => {
  const listed = async (subject: string): Promise<unknown> => {
    const list = await stage.portcullis.list({ token: stage.token(subject), endpoint: ACME })
    return list.kind === 'list' ? list.tools.map(({ name }) => name) : list
  }
  const names = { billing: [], acme_viewer: ['psa.get', 'psa.list', 'psa.overview', 'psa.secretive'], operator: ['psa.get', 'psa.list', 'psa.lottery', 'psa.note', 'psa.overview', 'psa.secretive', 'psa.wide', 'psa.wipe'] }
  for (const subject of ['operator', 'acme_viewer', 'billing', 'acme_viewer', 'operator'] as const) expect(await listed(subject)).toEqual(names[subject])
}))
