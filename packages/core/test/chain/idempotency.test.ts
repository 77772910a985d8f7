import { describe, expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Call } from '../../src/call.ts'
import type { WorldPrincipal } from '../../src/memory/world.ts'
import type { DispatchAnswer } from '../../src/ports/dispatcher.ts'
import type { Outcome } from '../../src/outcome.ts'
import { codeOf, hold, vote, wipe, wiped, withStage } from '../fixtures/asking.ts'
import { bytesOf, Stage, type LogEntry } from '../fixtures/stage.ts'
import { agentToken, tenantOf } from '../fixtures/world.ts'

const note: Partial<Call> = { tool: 'psa.note', arguments: { id: 1, text: 'PRIVATE' }, idempotencyKey: 'order-7' }
const taken = (effect: string): object => ({ kind: 'denial', gate: 'dispatch', code: 'idempotency_conflict', effect, retryable: false })
const counted = async (stage: Stage): Promise<unknown> => {
  const list = await stage.portcullis.list({ token: stage.token('operator'), endpoint: { kind: 'customer', customer: 'acme' } })
  return list.kind === 'list' ? list.calls : list
}
const records = async (stage: Stage, what: Partial<LogEntry>): Promise<readonly LogEntry[]> =>
  (await stage.log()).filter((entry) => Object.entries(what).every(([name, value]) => entry[name] === value))

describe('one call, however often it is sent', () => {
  verifies(['CH-14', 'CH-09', 'idempotency_conflict'], 'QUO-03: a client that gave up and a relay that delivers again: one dispatch, one unit, and the answer of the first for all', () => withStage(async (stage) => {
    let answer: (answer: DispatchAnswer) => void = () => undefined
    stage.vendor.answer = () => new Promise((resolve) => { answer = resolve })
    const gaveUp = stage.call(note)
    await stage.clock.advance(10)
    const during = await Promise.all(Array.from({ length: 20 }, () => stage.call(note)))
    for (const outcome of during) expect(outcome).toMatchObject(taken('unknown'))
    answer({ kind: 'succeeded', value: { done: true } })
    const first = await gaveUp
    expect(first).toMatchObject({ kind: 'result', text: '{"done":true}' })
    const after = await Promise.all(Array.from({ length: 20 }, () => stage.call(note)))
    for (const outcome of after) expect(bytesOf(outcome)).toBe(bytesOf(first))
    expect(new Set([first, ...after].map(({ decisionId }) => decisionId)).size).toBe(21)
    expect([stage.vendor.jobs.length, await counted(stage)]).toEqual([1, 1])
    expect([(await records(stage, { step: 'intent' })).length, (await records(stage, { step: 'outcome' })).length]).toEqual([1, 1])
  }))

  verifies('CH-14', 'whatever came of the dispatch comes again: the same bytes but for the decision, and nothing is sent', async () => {
    const answers: readonly [DispatchAnswer, string][] = [
      [{ kind: 'succeeded', value: { done: true } }, 'result'], [{ kind: 'succeeded', value: { done: 'maybe' } }, 'output_invalid'],
      [{ kind: 'failed', failure: 'conflict', sent: true }, 'connector_failed'], [{ kind: 'failed', failure: 'limited', sent: true, retryAfter: 30 }, 'connector_failed'],
      [{ kind: 'failed', failure: 'invalid', sent: false }, 'connector_failed'], [{ kind: 'failed', failure: 'not_found', sent: true }, 'record_not_found'],
      [{ kind: 'unknown', code: 'connector_timeout' }, 'connector_timeout'], [{ kind: 'unknown', code: 'cancelled' }, 'cancelled'], [{ kind: 'unknown', code: 'connector_failed' }, 'connector_failed'],
    ]
    for (const [answer, code] of answers) {
      await withStage(async (stage) => {
        stage.vendor.answer = () => answer
        const first = await stage.call(note)
        expect(first.kind === 'denial' ? first.code : first.kind).toBe(code)
        stage.vendor.answer = () => ({ kind: 'succeeded', value: { done: false } })
        for (const wait of [0, 61_000, 3_600_000]) {
          await stage.clock.advance(wait)
          expect(bytesOf(await stage.call({ ...note, token: stage.token('operator') })), code).toBe(bytesOf(first))
        }
        expect(stage.vendor.jobs).toHaveLength(1)
        expect(await counted(stage)).toBe(1)
      })
    }
  })

  verifies(['CH-14', 'CH-09'], 'what was surely not sent frees the key, and what a gate refused never had it', () => withStage(async (stage) => {
    stage.vendor.answer = () => ({ kind: 'not_sent', code: 'credential_unavailable' })
    for (let round = 0; round < 2; round++) expect(await codeOf(stage, note)).toBe('credential_unavailable')
    expect(await codeOf(stage, { ...note, arguments: { id: 2 } })).toBe('customer_out_of_scope')
    await stage.change('north', (before) => ({ ...before, limits: { included: 0 } }))
    expect(await codeOf(stage, { ...note, arguments: { id: 3 } })).toBe('quota_exhausted')
    await stage.change('north', (before) => ({ ...before, limits: { included: 1 } }))
    stage.vendor.answer = () => ({ kind: 'succeeded', value: { done: true } })
    expect(await codeOf(stage, note)).toBe('result')
    expect(await codeOf(stage, note)).toBe('result') // nothing is left of the quota, and nothing is needed
    expect(await codeOf(stage, { ...note, idempotencyKey: 'order-8' })).toBe('quota_exhausted')
    expect(stage.vendor.jobs).toHaveLength(3)
  }))

  verifies('CH-14', 'a key is forgotten 24 hours after the call began, to the millisecond', () => withStage(async (stage) => {
    const fresh = (): Promise<Outcome> => stage.call({ ...note, token: stage.token('operator') })
    await fresh()
    await stage.clock.advance(24 * 3_600_000 - 1)
    await fresh()
    expect(stage.vendor.jobs).toHaveLength(1)
    await stage.clock.advance(1)
    await fresh()
    expect(stage.vendor.jobs).toHaveLength(2)
  }))

  verifies('CH-14', 'reads ignore the key: each is sent, and the key stays free', () => withStage(async (stage) => {
    for (let round = 0; round < 2; round++) expect(await codeOf(stage, { tool: 'psa.list', idempotencyKey: 'order-7' })).toBe('result')
    expect(await codeOf(stage, note)).toBe('result')
    expect(stage.vendor.jobs.map(({ tool }) => tool.name)).toEqual(['list', 'list', 'note'])
  }))

  verifies(['CH-14', 'input_invalid'], 'a key that is not 1 to 255 visible ASCII characters is refused, before anything is asked of the vendor', () => withStage(async (stage) => {
    for (const key of ['', ' ', 'a b', 'é', 'a\n', '\u0000', 'x'.repeat(256), 7, null, {}, ['a'], { toString: () => 'a' }]) {
      for (const tool of ['psa.note', 'psa.list']) expect(await stage.call({ ...note, tool, idempotencyKey: key as string }), JSON.stringify(key)).toMatchObject({ gate: 'policy', code: 'input_invalid', effect: 'none' })
    }
    expect(stage.ports).not.toContain('dispatcher.owner')
    for (const key of ['!', '~', 'x'.repeat(255), '__proto__', '{"a":1}']) expect(await codeOf(stage, { ...note, idempotencyKey: key })).toBe('result')
    expect(stage.vendor.jobs).toHaveLength(5)
  }))
})

describe('the key of another call', () => {
  verifies(['idempotency_conflict', 'CH-14'], 'other arguments, another tool, another configuration: refused, and nothing took effect', () => withStage(async (stage) => {
    await stage.call(note)
    const others: readonly Partial<Call>[] = [
      { arguments: { id: 1, text: 'private' } }, { arguments: { id: 1 } }, { arguments: { id: 3, text: 'PRIVATE' } },
      { tool: 'psa.wide', arguments: { ids: [1] } }, { tool: 'psa.wipe', arguments: { id: 1 } },
    ]
    for (const other of others) {
      const outcome = await stage.call({ ...note, ...other })
      expect(outcome, JSON.stringify(other)).toMatchObject({ ...taken('none'), message: expect.stringContaining('taken'), remedy: expect.stringContaining('new key') })
      expect(JSON.stringify(outcome)).not.toContain('order-7')
    }
    expect(await records(stage, { kind: 'refusal', code: 'idempotency_conflict', gates: 'pppppppp--d' })).toHaveLength(3) // one a tool
    expect((await stage.portcullis.approvals.read({ token: stage.token('admin') }, 'any')).kind).toBe('vote_refused') // no request was opened
    await stage.change('north', (before) => ({ ...before, instances: { ...before.instances, psa: { ...before.instances['psa']!, configuration: 2, settings: { baseUrl: 'https://other.example' } } } }))
    expect(await stage.call(note)).toMatchObject(taken('none'))
    expect(stage.vendor.jobs).toHaveLength(1)
  }))

  verifies(['CH-14', 'IS-03'], "a key is one customer's: the same one at another customer is another call's", () => withStage(async (stage) => {
    await stage.call(note)
    const globex = { ...note, arguments: { id: 2, text: 'PRIVATE' }, endpoint: { kind: 'customer', customer: 'globex' } } as const
    expect((await stage.call(globex)).kind).toBe('result')
    expect((await stage.call(globex)).kind).toBe('result')
    expect(stage.vendor.jobs).toHaveLength(2)
  }))

  verifies(['CH-14', 'IS-08'], 'what was answered for the record key of another customer is not given out once the mapping is corrected', () => withStage(async (stage) => {
    const wide = { ...note, tool: 'psa.wide', arguments: { ids: [] } }
    expect((await stage.call(wide)).kind).toBe('result')
    await stage.change('north', (before) => ({ ...before, instances: { ...before.instances, psa: { ...before.instances['psa']!, mapping: { acme: 20, globex: 10, shut: 30 } } } }))
    expect(await stage.call(wide)).toMatchObject({ code: 'idempotency_conflict' })
    expect(stage.vendor.jobs).toHaveLength(1)
  }))

  verifies(['CH-14', 'IS-01', 'ID-09'], "another principal's or tenant's key of the same text never meets; a new session of the same agent does", () => withStage(async (stage) => {
    const callers = [
      { token: stage.token('operator') }, { token: stage.token('admin') }, { token: stage.token('acme_operator') }, { token: await stage.service('bot') },
      { token: stage.token('operator', { tenant: 'south' }) }, { token: agentToken('desk') },
    ]
    const seen: string[] = []
    for (const caller of callers) {
      const first = await stage.call({ ...note, ...caller })
      expect(first.kind).toBe('result')
      seen.push(bytesOf(await stage.call({ ...note, ...caller })))
    }
    expect(stage.vendor.jobs).toHaveLength(callers.length)
    expect(await codeOf(stage, { ...note, token: agentToken('desk', { claims: { sid: 'another session' } }) })).toBe('result')
    expect(await stage.call({ ...note, token: agentToken('desk'), arguments: { id: 3 } })).toMatchObject(taken('none'))
    expect(stage.vendor.jobs).toHaveLength(callers.length)
    expect(new Set(seen).size).toBe(1)
  }))
})

describe('a repeat passes the gates of its own moment', () => {
  verifies(['CH-14', 'role_forbids', 'principal_disabled'], 'rights that ended meanwhile: the kept answer stays where it is; rights that come back find it', () => withStage(async (stage) => {
    const bot = await stage.service('bot')
    const call = (): Promise<string> => codeOf(stage, { ...note, token: bot })
    expect(await call()).toBe('result')
    const north = tenantOf('north')
    const account = (change: object): Partial<typeof north> => ({ principals: { ...north.principals, bot: { ...north.principals['bot']!, ...change } as WorldPrincipal } })
    const ended: readonly [string, Partial<typeof north>][] = [
      ['role_forbids', account({ bindings: [{ role: 'customer_viewer', customer: 'acme' }] })],
      ['customer_not_found', account({ bindings: [] })],
      ['subscription_read_only', { subscription: 'read_only' }], ['connector_suspended', { entitlements: { psa: 'suspended' } }],
      ['principal_disabled', account({ disabled: true })],
    ]
    for (const [code, change] of ended) {
      await stage.change('north', () => ({ ...north, ...change }))
      expect(await call()).toBe(code)
    }
    await stage.change('north', () => north)
    expect(await call()).toBe('result')
    stage.vendor.owned = () => ({ kind: 'owner', key: 20 }) // the record went to another customer
    expect(await call()).toBe('customer_out_of_scope')
    expect(stage.vendor.jobs).toHaveLength(1)
  }))

  verifies(['CH-14', 'IS-05'], 'every repeat is in the log before it is answered, and names the first call; equal ones within a minute are one record', () => withStage(async (stage) => {
    const first = await stage.call(note)
    const before = (await stage.log()).length
    const again = await stage.call(note)
    const log = await stage.log()
    expect(log).toHaveLength(before + 1)
    expect(log.at(-1)).toMatchObject({ kind: 'repeat', step: 'note', decision: again.decisionId, repeats: first.decisionId, gates: 'pppppppp', effect: 'done', principal: 'operator', tool: 'psa.note', customer: 'acme', code: null })
    await stage.call({ ...note, idempotencyKey: 'order-8' })
    const other = await stage.call({ ...note, idempotencyKey: 'order-8' })
    expect(await stage.last()).toMatchObject({ kind: 'repeat', decision: other.decisionId }) // of another call: a record of its own
    for (let round = 0; round < 4; round++) await stage.call(note)
    expect(await records(stage, { kind: 'repeat' })).toHaveLength(2)
    await stage.clock.advance(60_000)
    expect(await records(stage, { kind: 'refusals' })).toContainEqual(expect.objectContaining({ of: before, count: 5 }))
  }))

  verifies(['audit_unavailable', 'CH-12', 'CH-14'], 'a repeat that cannot be recorded is not answered, and says what the first call did', () => withStage(async (stage) => {
    const first = await stage.call(note)
    stage.vendor.answer = () => ({ kind: 'unknown', code: 'connector_timeout' })
    await stage.call({ ...note, idempotencyKey: 'unsure' })
    for (const trouble of ['throw', 'hang', 'wrong_shape'] as const) {
      stage.storage.trouble = (verb) => (verb === 'note' ? trouble : undefined)
      const repeats = [stage.call({ ...note, arguments: note.arguments }), stage.call({ ...note, idempotencyKey: 'unsure' })]
      await stage.clock.advance(6_000)
      expect(await Promise.all(repeats)).toMatchObject([{ code: 'audit_unavailable', effect: 'done', retryable: false }, { code: 'audit_unavailable', effect: 'unknown', retryable: false }])
    }
    stage.storage.trouble = undefined
    expect(bytesOf(await stage.call(note))).toBe(bytesOf(first))
    expect(stage.vendor.jobs).toHaveLength(2)
  }))

  verifies(['CH-18', 'shed'], 'repeats cost no quota, so a flood of them is shed from memory; so is a flood of conflicts', () => withStage(async (stage) => {
    const write = (more: Partial<Call>): Promise<string> => codeOf(stage, { tool: 'psa.wide', arguments: { ids: [] }, idempotencyKey: 'order-7', ...more })
    expect(await write({})).toBe('result')
    const before = (await stage.log()).length
    for (const [more, code] of [[{}, 'result'], [{ arguments: { ids: [1] } }, 'idempotency_conflict']] as const) {
      const codes: string[] = []
      for (let round = 0; round < 20; round++) codes.push(await write(more))
      expect(codes.filter((one) => one === code).length).toBeLessThanOrEqual(10)
      expect(codes.at(-1)).toBe('shed')
      await stage.clock.advance(60_000)
    }
    expect((await stage.log()).length - before).toBeLessThanOrEqual(6)
    expect(stage.vendor.jobs).toHaveLength(1)
  }, { more: { shedding: { requests: { principal: 10, tenant: 100 } } } }))

  verifies(['CH-18', 'shed'], 'repeats of many calls make few records: what has no room for its record is not answered', () => withStage(async (stage) => {
    const calls = Array.from({ length: 6 }, (_, index): Partial<Call> => ({ tool: 'psa.wide', arguments: { ids: [] }, idempotencyKey: `order-${index}` }))
    for (const call of calls) expect(await codeOf(stage, call)).toBe('result')
    const codes: string[] = []
    for (const call of [...calls, ...calls]) codes.push(await codeOf(stage, call))
    expect(codes).toEqual([...Array<string>(3).fill('result'), ...Array<string>(3).fill('shed'), ...Array<string>(3).fill('result'), ...Array<string>(3).fill('shed')])
    expect(await records(stage, { kind: 'repeat' })).toHaveLength(3)
    expect(stage.vendor.jobs).toHaveLength(6)
  }, { more: { shedding: { records: { principal: 3, tenant: 100 } } } }))

  verifies(['CH-18', 'IS-07'], 'a repeat asks the vendor whose the record is, and that asking is counted', () => withStage(async (stage) => {
    const codes: string[] = []
    for (let round = 0; round < 40; round++) codes.push(await codeOf(stage, note))
    expect(codes.filter((code) => code === 'result').length).toBe(31)
    expect(codes.at(-1)).toBe('shed')
    expect([stage.vendor.asked.length, stage.vendor.jobs.length]).toEqual([31, 1])
  }))
})

describe('nobody can tell', () => {
  verifies(['idempotency_conflict', 'CH-14'], 'a crash between admission and outcome: unknown before the reconciler comes and after it, and never sent again', () => withStage(async (stage) => {
    stage.storage.trouble = (verb) => (verb === 'complete' ? 'throw' : undefined)
    expect(await codeOf(stage, note)).toBe('audit_unavailable')
    stage.storage.trouble = undefined
    expect(await stage.call(note)).toMatchObject(taken('unknown'))
    await stage.clock.advance(60_000)
    expect(await records(stage, { step: 'reconciled', status: 'indeterminate' })).toHaveLength(1)
    expect(await stage.call(note)).toMatchObject(taken('unknown'))
    expect(await stage.call({ ...note, arguments: { id: 3 } })).toMatchObject(taken('none'))
    expect(stage.vendor.jobs).toHaveLength(1)
  }))

  verifies('CH-14', 'an outcome that was committed though nobody was told: the repeat finds it', () => withStage(async (stage) => {
    stage.storage.trouble = (verb) => (verb === 'complete' ? 'throw_after_commit' : undefined)
    expect(await stage.call(note)).toMatchObject({ code: 'audit_unavailable', effect: 'done' })
    stage.storage.trouble = undefined
    expect(await stage.call(note)).toMatchObject({ kind: 'result', text: '{"done":true}' })
    expect(stage.vendor.jobs).toHaveLength(1)
  }))

  verifies('CH-14', 'an admission that was committed though nobody was told is taken back, and frees the key', () => withStage(async (stage) => {
    stage.storage.trouble = (verb) => (verb === 'admit' ? 'throw_after_commit' : undefined)
    expect(await stage.call(note)).toMatchObject({ code: 'audit_unavailable', effect: 'none' })
    stage.storage.trouble = undefined
    await stage.clock.advance(10)
    expect(await codeOf(stage, note)).toBe('result')
    expect(stage.vendor.jobs).toHaveLength(1)
  }))
})

describe('keys and approvals', () => {
  const keyed: Partial<Call> = { ...wipe, idempotencyKey: 'wipe-1' }

  verifies(['AP-01', 'CH-14', 'CH-10'], 'APR-01: a held call claims nothing; the approved one uses its approval once, and the same call again gets its answer instead of approval_consumed', () => withStage(async (stage) => {
    const id = await hold(stage, keyed)
    expect(await codeOf(stage, keyed)).toBe('approval_pending')
    expect(await codeOf(stage, { ...keyed, arguments: { id: 3 } })).toBe('approval_required') // another call, while the key is free
    await vote(stage, id)
    const first = await stage.call(keyed)
    expect(first.kind).toBe('result')
    for (const again of [keyed, { ...keyed, approvalId: id }, { ...keyed, arguments: undefined, approvalId: id }]) expect(bytesOf(await stage.call(again))).toBe(bytesOf(first))
    expect(await codeOf(stage, { ...keyed, idempotencyKey: 'wipe-2' })).toBe('approval_consumed')
    expect(await codeOf(stage, wipe)).toBe('approval_consumed')
    expect(await stage.call({ ...keyed, arguments: { id: 3 } })).toMatchObject(taken('none'))
    expect([wiped(stage), await counted(stage)]).toEqual([1, 1])
  }))

  verifies(['AP-01', 'CH-14'], 'an approved call that was not sent has its approval and its key again', () => withStage(async (stage) => {
    await vote(stage, await hold(stage, keyed))
    stage.vendor.answer = () => ({ kind: 'not_sent', code: 'cancelled' })
    expect(await codeOf(stage, keyed)).toBe('cancelled')
    stage.vendor.answer = () => ({ kind: 'succeeded', value: { done: true } })
    expect(await codeOf(stage, keyed)).toBe('result')
    expect(await codeOf(stage, keyed)).toBe('result')
    expect(wiped(stage)).toBe(2)
  }))

  verifies(['CH-17', 'CH-14'], 'explanations and dry runs look no key up and take none', () => withStage(async (stage) => {
    const look = async (call: Partial<Call>): Promise<unknown[]> => {
      const asked = { token: stage.token('operator'), endpoint: { kind: 'customer', customer: 'acme' }, tool: 'psa.note', ...call } as const
      return [(await stage.portcullis.explain(asked, 'operator')).outcome, (await stage.portcullis.dryRun(asked)).outcome]
    }
    expect(await look(note)).toEqual(['pass', 'pass'])
    expect(await codeOf(stage, { ...note, arguments: { id: 3 } })).toBe('result') // the key was free
    expect(await look(note)).toEqual(['pass', 'pass'])
    expect(await look({ ...note, idempotencyKey: 'not a key' })).toEqual(['deny', 'deny'])
    expect([stage.vendor.jobs.length, (await records(stage, { kind: 'repeat' })).length]).toEqual([1, 0])
  }))
})
