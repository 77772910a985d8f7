import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Call } from '../../src/call.ts'
import type { Code } from '../../src/chain/stages.ts'
import type { DispatchAnswer } from '../../src/ports/dispatcher.ts'
import { Secret } from '../../src/secrets/secret.ts'
import type { Trouble } from '../fixtures/recording-storage.ts'
import { bytesOf, Stage, type StageOptions } from '../fixtures/stage.ts'
import { refusal, stops } from '../fixtures/stopped.ts'
import { tenantOf, tokenOf, VENDOR_SECRET } from '../fixtures/world.ts'

const withStage = async (work: (stage: Stage) => Promise<void>, options?: StageOptions): Promise<void> => {
  await using stage = await Stage.open(options)
  await work(stage)
}
const limited = (limits: object): StageOptions => ({ north: { ...tenantOf('north'), limits } })
const FACTS = ['plane.directory', 'plane.snapshot']
const REFUSED = [...FACTS, 'ledger.admit', 'ledger.note']
const DISPATCHED = [...FACTS, 'ledger.admit', 'dispatcher.dispatch', 'ledger.complete']
const WROTE = [...FACTS, 'ledger.note', 'dispatcher.owner', 'ledger.admit', 'dispatcher.dispatch', 'ledger.complete']
const note: Partial<Call> = { tool: 'psa.note', arguments: { id: 1 } }
const wipe: Partial<Call> = { tool: 'psa.wipe', arguments: { id: 1 } }
const steps = async (stage: Stage): Promise<readonly unknown[]> => (await stage.log()).map(({ step }) => step)

describe('gate 9: quota', () => {
  verifies(['quota_exhausted', 'CH-09'], 'the included calls are used up: nothing is dispatched', () => withStage(async (stage) => {
    expect((await stage.call()).kind).toBe('result')
    await stops(stage, 'quota_exhausted', () => stage.call(), { ports: REFUSED, record: refusal('quota_exhausted', { tool: 'psa.list', gates: 'ppppppppd' }) })
    expect(stage.vendor.jobs).toHaveLength(1)
  }, limited({ included: 1 })))

  verifies(['rate_limited', 'CH-09'], 'the rate of one principal, then of the tenant; a wait is named and is enough', () => withStage(async (stage) => {
    for (let call = 0; call < 2; call++) expect((await stage.call()).kind).toBe('result')
    const stopped = await stops(stage, 'rate_limited', () => stage.call(), { ports: REFUSED, record: refusal('rate_limited') })
    expect(stopped.retryAfter).toBe(30)
    expect((await stage.call({ token: tokenOf('admin') })).kind).toBe('result')
    expect(await stage.call({ token: tokenOf('admin') })).toMatchObject({ code: 'rate_limited' }) // three for the tenant
    await stage.clock.advance(30_000)
    expect((await stage.call()).kind).toBe('result')
  }, limited({ principalPerMinute: 2, tenantPerMinute: 3 })))
})

describe('gate 11: dispatch', () => {
  const answers: readonly [answer: DispatchAnswer, code: Code, effect: 'none' | 'unknown', status: string][] = [
    [{ kind: 'not_sent', code: 'credential_unavailable' }, 'credential_unavailable', 'none', 'not_sent'],
    [{ kind: 'not_sent', code: 'endpoint_forbidden' }, 'endpoint_forbidden', 'none', 'not_sent'],
    [{ kind: 'not_sent', code: 'cancelled' }, 'cancelled', 'none', 'not_sent'],
    [{ kind: 'failed', failure: 'conflict', sent: false }, 'connector_failed', 'none', 'failed'],
    [{ kind: 'failed', failure: 'unavailable', sent: true }, 'connector_failed', 'unknown', 'failed'],
    [{ kind: 'failed', failure: 'connector_timeout', sent: true }, 'connector_timeout', 'unknown', 'failed'],
    [{ kind: 'unknown', code: 'connector_timeout' }, 'connector_timeout', 'unknown', 'unknown'],
    [{ kind: 'unknown', code: 'connector_failed' }, 'connector_failed', 'unknown', 'unknown'],
    [{ kind: 'unknown', code: 'cancelled' }, 'cancelled', 'unknown', 'unknown'],
  ]
  for (const [answer, code, effect, status] of answers) {
    verifies([code, 'CH-11', 'CH-14'], `${JSON.stringify(answer)}: effect ${effect} of a write, none of a read`, () => withStage(async (stage) => {
      stage.vendor.answer = () => answer
      await stops(stage, code, () => stage.call(note), { effect, ports: WROTE, record: { kind: 'outcome', step: 'outcome', status, effect, gate: 'dispatch', code } })
      await stops(stage, code, () => stage.call(), { effect: 'none', ports: DISPATCHED, record: { kind: 'outcome', status, effect: 'none', code } })
      expect((await stage.portcullis.list({ token: tokenOf('operator'), endpoint: { kind: 'customer', customer: 'acme' } }))).toMatchObject({ calls: status === 'not_sent' ? 0 : 2 })
    }))
  }

  verifies('CH-14', 'SEC-04: a dispatcher that breaks its word is an unknown outcome, recorded, and nothing of it is told', () => withStage(async (stage) => {
    const broken: readonly (() => unknown)[] = [
      () => { throw new Error(VENDOR_SECRET) }, () => undefined, () => null, () => 'done', () => ({}), () => ({ kind: 'ok' }), () => ({ kind: 'failed', failure: 'conflict', sent: true, retryAfter: VENDOR_SECRET }),
      () => ({ kind: 'failed', failure: VENDOR_SECRET, sent: false }), () => ({ kind: 'not_sent', code: VENDOR_SECRET }), () => ({ kind: 'succeeded', value: { done: true }, injected: [VENDOR_SECRET] }),
      () => new Proxy({}, { get: () => { throw new Error(VENDOR_SECRET) } }),
    ]
    for (const answer of broken) {
      stage.vendor.answer = answer as () => DispatchAnswer
      const outcome = await stage.call(note)
      expect(['denial', 'fault']).toContain(outcome.kind)
      expect(outcome).toMatchObject({ effect: 'unknown' })
      expect(JSON.stringify(outcome)).not.toContain(VENDOR_SECRET)
    }
    stage.vendor.dispatch = () => { throw new Error('at once') }
    await stage.clock.advance(60_000)
    await stops(stage, 'connector_failed', () => stage.call(note), { effect: 'unknown', ports: WROTE.filter((port) => port !== 'dispatcher.dispatch'), record: { step: 'outcome', status: 'unknown' } })
  }))

  verifies(['connector_timeout', 'CH-11'], 'DOS-04: a dispatcher that never answers ends at the deadline, and the intent is closed', () => withStage(async (stage) => {
    stage.vendor.answer = () => new Promise(() => undefined)
    const hanging = stage.call(note)
    await stage.clock.advance(31_000)
    expect(await hanging).toMatchObject({ code: 'connector_timeout', effect: 'unknown' })
    expect(await stage.last()).toMatchObject({ step: 'outcome', status: 'unknown' })
  }))

  verifies('CH-11', 'more than 5 s after the commit nothing is sent any more: quota is given back', () => withStage(async (stage) => {
    const inner = stage.storage.tenant
    stage.storage.tenant = async (id) => {
      const door = await inner(id)
      return { ...door, ledger: { ...door.ledger, admit: async (item) => { const answer = await door.ledger.admit(item); stage.clock.stall(5_001); return answer } } }
    }
    expect(await stage.call(note)).toMatchObject({ code: 'connector_timeout', effect: 'none' })
    expect(stage.vendor.jobs).toEqual([])
    expect(await stage.last()).toMatchObject({ step: 'outcome', status: 'not_sent' })
  }, { opened: [] }))

  verifies(['CH-11', 'SE-01'], 'the job names tenant, instance and customer; the credential is a thunk that nobody has called', () => withStage(async (stage) => {
    let asked = 0
    await stage.change('north', (before) => ({ ...before, instances: { ...before.instances, psa: { ...before.instances['psa']!, credential: () => { asked += 1; return Secret.of(VENDOR_SECRET) } } } }))
    const outcome = await stage.call(note)
    const [job] = stage.vendor.jobs
    expect(job).toMatchObject({ callId: outcome.decisionId, tenant: 'north', instance: 'psa', customer: { id: 'acme', key: 10 }, input: { id: 1 } })
    expect([asked, JSON.stringify(job).includes(VENDOR_SECRET), Object.isFrozen(job!.input)]).toEqual([0, false, true])
    expect(job!.startBy - stage.clock.monotonic()).toBeLessThanOrEqual(5_000)
    await job!.credential()
    expect(asked).toBe(1)
  }))
})

describe('gate 12: audit', () => {
  verifies(['audit_unavailable', 'CH-12'], 'an intent that cannot be written: nothing is dispatched', () => withStage(async (stage) => {
    stage.storage.trouble = (verb) => (verb === 'admit' ? 'throw' : undefined)
    await stops(stage, 'audit_unavailable', () => stage.call(), { ports: [...FACTS, 'ledger.admit', 'ledger.abandon'], record: false })
    expect(stage.vendor.jobs).toEqual([])
    expect(await steps(stage)).toEqual([])
  }))

  verifies(['audit_unavailable', 'CH-12', 'CH-14'], 'an outcome that cannot be written: no answer, and the effect is said', () => withStage(async (stage) => {
    stage.storage.trouble = (verb) => (verb === 'complete' ? 'throw' : undefined)
    expect(await stage.call()).toMatchObject({ kind: 'denial', gate: 'audit', code: 'audit_unavailable', effect: 'none', retryable: true })
    expect(await stage.call(note)).toMatchObject({ kind: 'denial', gate: 'audit', code: 'audit_unavailable', effect: 'done', retryable: false })
    stage.vendor.answer = () => ({ kind: 'unknown', code: 'connector_timeout' })
    expect(await stage.call(note)).toMatchObject({ code: 'audit_unavailable', effect: 'unknown', retryable: false })
  }))

  /** Every verb that a call uses, every way to fail, at its first use and for ever. */
  const verbs = ['note', 'admit', 'complete', 'abandon', 'approval'] as const
  const troubles: readonly Trouble[] = ['throw', 'throw_at_once', 'hang', 'wrong_shape', 'throw_after_commit']
  for (const verb of verbs) {
    for (const trouble of troubles) {
      for (const sticky of [false, true]) {
        test(`AUD-07: ledger.${verb} fails by ${trouble}, ${sticky ? 'for good' : 'once'}: nothing is answered without its record, nothing dispatched without its intent`, () => withStage(async (stage) => {
          const held = await stage.call(wipe)
          const approvalId = held.kind === 'hold' ? held.approvalId : undefined
          await stage.portcullis.approvals.vote({ token: tokenOf('admin') }, approvalId!, { decision: 'approve', reason: 'fine' })
          let failed = 0
          stage.storage.trouble = (at) => (at === verb && (sticky || failed === 0) ? ((failed += 1), trouble) : undefined)
          const calls = [stage.call(note), stage.call({ tool: 'psa.wipe', arguments: undefined, approvalId }), stage.call({ tool: 'psa.note', arguments: { id: 2 } }), stage.call()]
          await stage.clock.advance(80_000)
          const outcomes = await Promise.all(calls)
          const log = await stage.log()
          const intents = new Map(log.filter(({ step }) => step === 'intent').map(({ call, seq }) => [call, seq]))
          const outcomesOf = new Set(log.filter(({ step }) => step === 'outcome').map(({ call }) => call))
          for (const job of stage.vendor.jobs) expect(intents.has(job.callId)).toBe(true)
          for (const outcome of outcomes) if (outcome.kind === 'result') expect(outcomesOf.has(outcome.decisionId)).toBe(true)
          for (const outcome of outcomes) if (outcome.kind === 'denial' && outcome.effect === 'none') expect(stage.vendor.jobs.some(({ callId, tool }) => callId === outcome.decisionId && tool.risk !== 'read')).toBe(false)
          expect(stage.vendor.jobs.filter(({ tool }) => tool.name === 'wipe').length).toBeLessThanOrEqual(1)
          // Every intent is closed in the end: by its outcome, as abandoned, or by the reconciler.
          stage.storage.trouble = undefined
          await stage.clock.advance(60_000)
          const closed = new Set((await stage.log()).filter(({ step }) => step === 'outcome' || step === 'abandoned' || step === 'reconciled').map(({ call }) => call))
          expect([...intents.keys()].filter((call) => !closed.has(call))).toEqual([])
        }))
      }
    }
  }
})

describe('gate 13: respond', () => {
  const answering = async (stage: Stage, code: Code, value: unknown, call: Partial<Call>, effect: 'none' | 'done', more: object = {}): Promise<unknown> => {
    stage.vendor.answer = () => ({ kind: 'succeeded', value, injected: [Secret.of({ apiKey: VENDOR_SECRET })] })
    const ports = call === note ? WROTE : DISPATCHED
    await stage.clock.advance(60_000) // equal askings for an owner within a minute are one record
    return stops(stage, code, () => stage.call(call), { effect, ports, record: { kind: 'outcome', status: 'succeeded', gate: 'respond', code, effect, ...more }, sent: [VENDOR_SECRET] })
  }
  const get: Partial<Call> = { tool: 'psa.get', arguments: { id: 2 } }

  verifies(['record_not_found', 'CH-13', 'IS-03'], "somebody else's single record: the same bytes as the vendor's own 404", () => withStage(async (stage) => {
    const foreign = await answering(stage, 'record_not_found', { ticket: { id: 2, client_id: 20, summary: 'theirs' } }, get, 'none')
    stage.vendor.answer = () => ({ kind: 'failed', failure: 'not_found', sent: true })
    expect(bytesOf(await stage.call(get))).toBe(bytesOf(foreign))
    expect(bytesOf(await stage.call({ ...get, arguments: { id: 99 } }))).toBe(bytesOf(foreign))
    expect((await stage.log()).filter(({ step }) => step === 'outcome')).toHaveLength(3)
  }))

  verifies(['customer_leak_blocked', 'CH-13'], 'CUS-08: a single record that names no customer is withheld as a crossing', () => withStage(async (stage) => {
    await answering(stage, 'customer_leak_blocked', { ticket: { id: 2, summary: 'whose?' } }, get, 'none', { security: true })
    await answering(stage, 'customer_leak_blocked', { ticket: { id: 2, client_id: null, summary: 'whose?' } }, get, 'none', { security: true })
  }))

  verifies(['secret_echo', 'SE-03'], 'SEC-01: an answer with the credential in it, also encoded, is withheld; a write was done', () => withStage(async (stage) => {
    for (const text of [VENDOR_SECRET, Buffer.from(`x${VENDOR_SECRET}`).toString('base64'), [...VENDOR_SECRET].toReversed().join('')]) {
      await answering(stage, 'secret_echo', { ticket: { id: 1, client_id: 10, summary: text } }, get, 'none', { security: true })
    }
  }))

  verifies(['output_invalid', 'CH-13'], 'an answer of another shape; what a write did stays said', () => withStage(async (stage) => {
    for (const value of [undefined, {}, { done: 'yes' }, { done: 1n }, { get done() { throw new Error(VENDOR_SECRET) } }]) await answering(stage, 'output_invalid', value, note, 'done')
    for (const value of [null, 'text', 7, []]) expect(await stage.call({ ...note, token: (stage.vendor.answer = () => ({ kind: 'succeeded', value }), tokenOf('operator')) })).toMatchObject({ kind: 'denial', gate: 'respond', effect: 'done' })
    const loop: Record<string, unknown> = {}
    loop['done'] = loop
    await answering(stage, 'output_invalid', loop, note, 'done')
  }))

  verifies(['output_too_large', 'CH-13'], 'more than is released, or more than is looked at', () => withStage(async (stage) => {
    for (const size of [1_048_577, 4_194_305]) await answering(stage, 'output_too_large', { ticket: { id: 1, client_id: 10, summary: 'x'.repeat(size) } }, get, 'none')
  }))

  test('CUS-01 CUS-05 CUS-07: what is released is what is left: no foreign record, no foreign count, and the audit says how many were dropped', () => withStage(async (stage) => {
    const outcome = await stage.call()
    expect(outcome.kind === 'result' && JSON.parse(outcome.text)).toEqual({ tickets: [{ id: 1, client_id: 10, summary: 'mine' }, { id: 3, client_id: 10, summary: 'mine too' }], total: 2 })
    expect(await stage.last()).toMatchObject({ step: 'outcome', dropped: 1 })
    stage.vendor.answer = () => ({ kind: 'succeeded', value: { tickets: [{ id: 2, client_id: 20, summary: 'theirs' }, { id: 4, summary: 'nobody' }, { id: 5, client_id: '10', summary: 'text' }], total: 3 } })
    expect(await stage.call()).toMatchObject({ text: '{"tickets":[],"total":0}' })
  }))

  test('CUS-09: the customer of the call is the one that was decided: a binding that ends meanwhile does not widen what is released', () => withStage(async (stage) => {
    stage.vendor.answer = async () => {
      await stage.change('north', (before) => ({ ...before, instances: { ...before.instances, psa: { ...before.instances['psa']!, mapping: { acme: 20, globex: 10 } } } }))
      return { kind: 'succeeded', value: { tickets: [{ id: 1, client_id: 10, summary: 'mine' }, { id: 2, client_id: 20, summary: 'theirs' }], total: 2 } }
    }
    expect(await stage.call()).toMatchObject({ text: '{"tickets":[{"id":1,"client_id":10,"summary":"mine"}],"total":1}' })
  }))
})
