import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { takeRate } from '../../src/quotas/rate.ts'
import { giveBack, NO_USAGE, periodOf, reserve, settle } from '../../src/quotas/reserve.ts'
import { Shedder } from '../../src/quotas/shedder.ts'
import type { Outcome } from '../../src/outcome.ts'
import { Stage, type StageOptions } from '../fixtures/stage.ts'
import { tenantOf, tokenOf } from '../fixtures/world.ts'

const withStage = async (work: (stage: Stage) => Promise<void>, options?: StageOptions): Promise<void> => {
  await using stage = await Stage.open(options)
  await work(stage)
}
const limited = (limits: object): StageOptions => ({ north: { ...tenantOf('north'), limits } })
const codes = (outcomes: readonly Outcome[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(outcomes, (outcome) => (outcome.kind === 'denial' || outcome.kind === 'hold' ? outcome.code : outcome.kind))].map(([code, all]) => [code, all.length]))
const many = (stage: Stage, count: number): Promise<Outcome[]> => Promise.all(Array.from({ length: count }, () => stage.call()))

describe('quota', () => {
  verifies(['CH-09', 'quota_exhausted'], 'QUO-01: 400 at once for 100 included calls: exactly 100 are dispatched', () => withStage(async (stage) => {
    expect(codes(await many(stage, 400))).toEqual({ result: 100, quota_exhausted: 300 })
    expect(stage.vendor.jobs).toHaveLength(100)
    expect((await stage.log()).filter(({ step }) => step === 'intent')).toHaveLength(100)
  }, limited({ included: 100 })))

  verifies('CH-09', 'QUO-02: the last included call, the one after it, and the same with overage', async () => {
    await withStage(async (stage) => {
      expect(codes([await stage.call(), await stage.call(), await stage.call()])).toEqual({ result: 2, quota_exhausted: 1 })
      await stage.change('north', (before) => ({ ...before, limits: { included: 2, overage: true } }))
      expect((await stage.call()).kind).toBe('result')
      await stage.change('north', (before) => ({ ...before, limits: { included: 3, overage: false } }))
      expect(codes([await stage.call()])).toEqual({ quota_exhausted: 1 })
      await stage.change('north', (before) => ({ ...before, limits: { included: 4, overage: false } }))
      expect((await stage.call()).kind).toBe('result')
    }, limited({ included: 2 }))
    await withStage(async (stage) => expect(codes([await stage.call()])).toEqual({ quota_exhausted: 1 }), limited({ included: 0 }))
  })

  verifies('CH-09', 'QUO-03: a call counts once when it was dispatched, whatever became of it; denied, held, listed, explained and dry ones never', () => withStage(async (stage) => {
    const request = { token: tokenOf('operator'), endpoint: { kind: 'customer', customer: 'acme' } } as const
    const counted = async (): Promise<unknown> => { const list = await stage.portcullis.list(request); return list.kind === 'list' ? list.calls : list }
    await stage.call({ tool: 'no.such' })
    await stage.call({ tool: 'psa.wipe', arguments: { id: 1 } })
    await stage.call({ tool: 'psa.note', arguments: { id: 2 } })
    await stage.portcullis.explain({ ...request, tool: 'psa.list' }, 'caller')
    await stage.portcullis.dryRun({ ...request, tool: 'psa.note', arguments: { id: 1 } })
    stage.vendor.answer = () => ({ kind: 'not_sent', code: 'cancelled' })
    await stage.call()
    expect(await counted()).toBe(0)
    for (const answer of [{ kind: 'failed', failure: 'invalid', sent: true }, { kind: 'unknown', code: 'connector_timeout' }, { kind: 'succeeded', value: 'nonsense' }] as const) {
      stage.vendor.answer = () => answer
      await stage.call()
    }
    expect(await counted()).toBe(3)
    expect(await stage.portcullis.list({ ...request, token: tokenOf('admin') })).toMatchObject({ calls: 0 }) // only this principal's
  }))

  test('QUO-04: a dispatch that throws, hangs or is never completed holds its unit until it is closed, and no longer', () => withStage(async (stage) => {
    stage.vendor.answer = () => new Promise(() => undefined)
    const hanging = stage.call()
    await stage.clock.advance(10)
    expect(codes(await many(stage, 2))).toEqual({ quota_exhausted: 2 })
    await stage.clock.advance(31_000)
    expect(codes([await hanging])).toEqual({ connector_timeout: 1 }) // it may have reached the vendor: it counts
    expect(codes(await many(stage, 1))).toEqual({ quota_exhausted: 1 })
    await stage.change('north', (before) => ({ ...before, limits: { included: 2 } }))
    stage.vendor.answer = () => ({ kind: 'not_sent', code: 'cancelled' })
    expect(codes(await many(stage, 1))).toEqual({ cancelled: 1 })
    stage.vendor.answer = () => ({ kind: 'succeeded', value: { tickets: [], total: 0 } })
    expect(codes([await stage.call(), await stage.call()])).toEqual({ result: 1, quota_exhausted: 1 })
  }, limited({ included: 1 })))

  test('QUO-05: periods are UTC months, half open', () => withStage(async (stage) => {
    expect([periodOf(Date.UTC(2026, 10, 30, 23, 59, 59, 999)), periodOf(Date.UTC(2026, 11, 1))]).toEqual(['2026-11', '2026-12'])
    expect(codes([await stage.call(), await stage.call()])).toEqual({ result: 1, quota_exhausted: 1 })
    await stage.clock.advance(Date.UTC(2026, 11, 1) - stage.clock.now() - 1)
    expect(codes([await stage.call({ token: stage.token('operator') })])).toEqual({ quota_exhausted: 1 })
    await stage.clock.advance(1)
    expect(codes([await stage.call({ token: stage.token('operator') })])).toEqual({ result: 1 })
  }, limited({ included: 1 })))

  test('QUO-06: limits that are no whole numbers let nothing through', () => withStage(async (stage) => {
    for (const limits of [
      { included: NaN, overage: false }, { included: -1, overage: false }, { included: 'all', overage: false }, { included: undefined, overage: undefined }, { included: NaN, overage: 0 },
      { tenantPerMinute: NaN }, { principalPerMinute: NaN }, { tenantPerMinute: 0 }, { principalPerMinute: -1 }, { tenantPerMinute: undefined }, { principalPerMinute: 'fast' },
    ]) {
      stage.altered.snapshot = (snapshot) => ({ ...snapshot, limits: { ...snapshot.limits, ...(limits as object) } })
      const outcome = await stage.call()
      expect(outcome, JSON.stringify(limits)).toMatchObject({ kind: 'denial', gate: 'quota' })
    }
    expect(stage.vendor.jobs).toEqual([])
  }))

  verifies('CH-09', 'whatever order calls are reserved, settled and given back in, never more are granted than included, and nothing is lost', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), fc.array(fc.constantFrom('reserve', 'settle', 'back'), { maxLength: 200 }), (included, moves) => {
        let usage = NO_USAGE
        let settledCount = 0
        for (const move of moves) {
          if (move === 'reserve') { const reserved = reserve(usage, { included, overage: false }); if (reserved.ok) usage = reserved.usage }
          else if (usage.reserved > 0) { usage = move === 'settle' ? settle(usage) : giveBack(usage); if (move === 'settle') settledCount += 1 }
          expect(usage.used + usage.reserved).toBeLessThanOrEqual(included)
          expect(usage.used).toBe(settledCount)
        }
      }),
    )
  })
})

describe('rate', () => {
  verifies('rate_limited', 'in any minute at most twice the rate, at once at most the rate; the named wait is enough', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6_000 }), fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 300 }), (perMinute, pauses) => {
        let now = 1_800_000_000_000
        let tat: number | undefined
        const granted: number[] = []
        for (const pause of pauses) {
          now += pause
          const taken = takeRate(tat, perMinute, now)
          if (taken.ok) { tat = taken.next; granted.push(now); continue }
          expect(Number.isSafeInteger(taken.retryAfter) && taken.retryAfter >= 1).toBe(true)
          expect(takeRate(tat, perMinute, now + taken.retryAfter * 1_000).ok).toBe(true)
        }
        for (const from of granted) expect(granted.filter((at) => at >= from && at < from + 60_000).length).toBeLessThanOrEqual(2 * perMinute)
      }),
      { numRuns: 200 },
    )
  })

  test('QUO-06: a rate that is no number passes nothing', () => {
    for (const perMinute of [NaN, 0, -1, -Infinity, undefined, 'x']) expect(takeRate(undefined, perMinute as number, 0)).toEqual({ ok: false, retryAfter: 60 })
  })
})

describe('shedding', () => {
  verifies(['CH-18', 'shed'], 'a flood of refusals is answered from memory: 10,000 refused calls add at most 100 records, and others are served', () => withStage(async (stage) => {
    const outcomes = await Promise.all(Array.from({ length: 10_000 }, (_, index) => stage.call({ tool: `no.such.${index}` })))
    const seen = codes(outcomes)
    expect(seen['shed']).toBeGreaterThan(9_000)
    expect(outcomes.at(-1)).toMatchObject({ kind: 'denial', gate: 'ingress', code: 'shed', effect: 'none', retryable: true, retryAfter: 60 })
    expect((await stage.log()).length).toBeLessThan(100)
    expect(stage.portcullis.health().counters.shed).toBe(seen['shed'])
    expect((await stage.call({ token: tokenOf('admin'), tool: 'no.such' }))).toMatchObject({ code: 'tool_unknown' })
    expect((await stage.call({ token: tokenOf('operator', { tenant: 'south' }) })).kind).toBe('result')
    expect((await stage.call()).kind).toBe('result') // what is allowed goes on
    await stage.clock.advance(60_000)
    expect((await stage.log()).find(({ kind }) => kind === 'refusals')).toMatchObject({ count: 600 })
  }))

  verifies('CH-18', 'lists and explanations are shed too, and equal lists are one record', () => withStage(async (stage) => {
    const request = { token: tokenOf('operator'), endpoint: { kind: 'customer', customer: 'acme' } } as const
    for (let round = 0; round < 10; round++) expect(await stage.portcullis.list(request)).toMatchObject({ kind: 'list' })
    expect(await stage.portcullis.list(request)).toMatchObject({ code: 'shed' })
    expect((await stage.log()).filter(({ kind }) => kind === 'list')).toHaveLength(1)
    expect((await stage.portcullis.explain({ ...request, tool: 'psa.list' }, 'caller')).rows.every(({ verdict }) => verdict === 'not_reached')).toBe(true)
  }, { more: { shedding: { requests: { principal: 10, tenant: 100 } } } }))

  verifies(['CH-18', 'IS-07'], 'whoever keeps naming records of somebody else is shed before the vendor is asked and the asking recorded; reads go on', () => withStage(async (stage) => {
    const outcomes: Outcome[] = []
    for (let id = 0; id < 200; id++) outcomes.push(await stage.call({ tool: 'psa.note', arguments: { id: 1_000 + id } }))
    expect(codes(outcomes)).toEqual({ customer_out_of_scope: 30, shed: 170 })
    expect(stage.vendor.asked).toHaveLength(30)
    expect((await stage.log()).length).toBeLessThan(40)
    expect(stage.portcullis.health().counters.shed).toBe(170)
    expect(await stage.call({ tool: 'psa.note', arguments: { id: 1 } })).toMatchObject({ code: 'shed', effect: 'none', retryable: true })
    expect((await stage.call()).kind).toBe('result')
    expect((await stage.call({ token: tokenOf('admin'), tool: 'psa.note', arguments: { id: 1 } })).kind).toBe('result')
    await stage.clock.advance(60_000)
    expect((await stage.call({ tool: 'psa.note', arguments: { id: 1 } })).kind).toBe('result')
  }))

  verifies(['CH-18', 'CH-17'], 'dry runs are shed before they ask the vendor', () => withStage(async (stage) => {
    const dry = { token: tokenOf('operator'), endpoint: { kind: 'customer', customer: 'acme' }, tool: 'psa.note', arguments: { id: 1 } } as const
    for (let round = 0; round < 15; round++) expect((await stage.portcullis.dryRun(dry)).outcome).toBe(round < 10 ? 'pass' : 'deny')
    expect(stage.vendor.asked).toHaveLength(10)
  }, { more: { shedding: { requests: { principal: 10, tenant: 100 } } } }))

  test('DOS-06: a million names cost a bounded memory: counters are a closed set, equal refusals are one window', () => withStage(async (stage) => {
    const before = Object.keys(stage.portcullis.health().counters)
    for (let name = 0; name < 200; name++) await stage.call({ tool: `no.such.${name}`, endpoint: { kind: 'customer', customer: `c${name}` } })
    expect(Object.keys(stage.portcullis.health().counters)).toEqual(before)
    expect((await stage.log()).filter(({ kind }) => kind === 'refusal')).toHaveLength(1)
  }))

  test('CH-18: limits that are no numbers shed everything, and keys cannot collide', () => {
    expect(new Shedder({ principal: NaN, tenant: NaN }).take('t', 'p', undefined, 0)).toBe(false)
    const shedder = new Shedder({ principal: 1, tenant: 100 })
    for (const [tenant, principal] of [['a', 'b:c'], ['a:b', 'c'], ['a', 'b'], ['a","b', 'c']] as const) expect(shedder.take(tenant, principal, undefined, 0)).toBe(true)
  })
})
