import { expect, test } from 'vitest'
import { memoryStorage } from '@portcullis/core/memory'
import type { Clock, Ledger } from '@portcullis/core/ports'
import { checkedLedger } from '../../src/ledger/checked.ts'

/** A clock whose timers fire when the test says so. */
function clockwork(): Clock & { ring(): void; readonly armed: number } {
  const timers = new Set<() => void>()
  return {
    now: () => 0, monotonic: () => 0,
    after: (_ms, fire) => {
      timers.add(fire)
      return () => void timers.delete(fire)
    },
    ring: () => { for (const fire of timers) fire() },
    get armed() { return timers.size },
  }
}

async function checkedOver(answers: Partial<Ledger>): Promise<{ ledger: Ledger; clock: ReturnType<typeof clockwork>; appended: () => number }> {
  const clock = clockwork()
  const { ledger } = await memoryStorage({ clock }).tenant('northwind')
  let count = 0
  return { ledger: checkedLedger({ ...ledger, ...answers }, { clock, portMs: 1000, appended: () => { count += 1 } }), clock, appended: () => count }
}

const note = { kind: 'note', body: '{"v":1' } as const
const admission = {
  kind: 'admit', callId: 'call', authorization: 0, principal: 'ada', limits: { included: 1, overage: false, tenantPerMinute: 1, principalPerMinute: 1 },
  deadlineMs: 1, job: { instance: 'psa', tool: 'psa.close' }, body: '{"v":1',
} as const
const SHAPE = expect.objectContaining({ code: 'port_shape' })

test('answers of the right shape pass, and those that appended are told of', async () => {
  const { ledger, clock, appended } = await checkedOver({})
  expect(await ledger.admit(admission)).toMatchObject({ kind: 'admitted', seq: 0 })
  expect(await ledger.admit({ ...admission, callId: 'another' })).toEqual({ kind: 'quota', code: 'quota_exhausted' })
  expect(await ledger.complete({ kind: 'complete', callId: 'call', status: 'failed', body: '{"v":1' })).toEqual({ kind: 'closed', seq: 1 })
  expect(await ledger.abandon({ kind: 'abandon', callId: 'call', body: '{"v":1' })).toEqual({ kind: 'not_open' })
  expect(await ledger.note(note)).toEqual({ kind: 'noted', seq: 2 })
  expect(await ledger.judge(admission)).toEqual({ kind: 'quota', code: 'quota_exhausted' })
  expect(appended()).toBe(3)
  expect(clock.armed).toBe(0) // nobody waits for an answer that has come
})

test.each([
  undefined, null, 'admitted', {}, { kind: 'closed', seq: 1 }, { kind: 'admitted' }, { kind: 'admitted', seq: -1, at: 0 }, { kind: 'admitted', seq: 1.5, at: 0 }, { kind: 'admitted', seq: 0, at: Number.NaN },
  { kind: 'changed', authorization: '1' }, { kind: 'quota', code: 'approval_stale' }, { kind: 'quota', code: 'rate_limited', retryAfter: -1 }, { kind: 'approval', code: 'approval_pending' },
  { kind: 'approval', code: 'invented' }, { kind: 'held', code: 'approval_refused', approvalId: 'a' }, { kind: 'held', code: 'approval_required' }, { kind: 'constructor' },
])('an admission that is answered with %j is a fault, and appended nothing', async (answer) => {
  const { ledger, appended } = await checkedOver({ admit: async () => answer as never })
  await expect(ledger.admit(admission)).rejects.toEqual(SHAPE)
  expect(appended()).toBe(0)
})

test('every verb is held to the answers it may give', async () => {
  const wrong = async (): Promise<never> => ({ kind: 'admitted', seq: 0, at: 0 }) as never
  const { ledger } = await checkedOver({ complete: wrong, abandon: wrong, reconcile: wrong, note: wrong, vote: wrong, judge: wrong })
  const end = { callId: 'call', body: '{"v":1' }
  await expect(ledger.complete({ kind: 'complete', status: 'failed', ...end })).rejects.toEqual(SHAPE)
  await expect(ledger.abandon({ kind: 'abandon', ...end })).rejects.toEqual(SHAPE)
  await expect(ledger.reconcile({ kind: 'reconcile', status: 'failed', ...end })).rejects.toEqual(SHAPE)
  await expect(ledger.note(note)).rejects.toEqual(SHAPE)
  await expect(ledger.vote({ kind: 'vote', approvalId: 'a', authorization: 0, vote: { person: 'p', principal: 'p', decision: 'approve', reason: '' }, body: '{"v":1' })).rejects.toEqual(SHAPE)
  await expect(ledger.judge(admission)).rejects.toEqual(SHAPE)
})

test('a store that does not answer in time is a fault, whatever it is asked', async () => {
  const never = (): Promise<never> => new Promise(() => undefined)
  const { ledger, clock } = await checkedOver({
    admit: never, complete: never, abandon: never, reconcile: never, note: never, vote: never, judge: never, recall: never, due: never, approval: never, callsOf: never,
  })
  const asked = [
    ledger.admit(admission), ledger.complete({ kind: 'complete', callId: 'c', status: 'failed', body: '{' }), ledger.abandon({ kind: 'abandon', callId: 'c', body: '{' }),
    ledger.reconcile({ kind: 'reconcile', callId: 'c', status: 'failed', body: '{' }), ledger.note(note), ledger.judge(admission), ledger.recall('c'), ledger.due({ limit: 1 }),
    ledger.approval('a'), ledger.callsOf('ada'),
  ].map((work) => expect(work).rejects.toEqual(expect.objectContaining({ code: 'port_timeout' })))
  expect(clock.armed).toBe(asked.length)
  clock.ring()
  await Promise.all(asked)
})
