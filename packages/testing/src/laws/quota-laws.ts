import fc from 'fast-check'
import type { Limits } from '@portcullis/core/ports'
import { Desk, PLENTY, tally } from './desk.ts'
import { lookAtLog } from './log-laws.ts'
import type { StorageLaw } from './storage-law.ts'

const blocks = (included: number) => ({ ...PLENTY, included })

export const QUOTA_LAWS: readonly StorageLaw[] = [
  {
    id: 'quota/exact', name: 'QUO-01: of 400 calls at once for 100 units exactly 100 are admitted',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      looks.same(tally(await desk.many(400, { limits: blocks(100) })), { admitted: 100, quota_exhausted: 300 }, 'answers')
      looks.same([await desk.size(), await desk.door.ledger.callsOf('ada')], [100, { used: 0, reserved: 100 }], 'records and usage')
      await lookAtLog(desk, looks)
    },
  },
  {
    id: 'quota/never-exceeded', name: 'QUO-01: whatever was used before and whoever asks at the same time, what is included is never exceeded',
    check: async ({ storage }, looks) => {
      let run = 0
      await fc.assert(fc.asyncProperty(fc.nat(60), fc.nat(40), fc.integer({ min: 1, max: 200 }), async (included, before, count) => {
        const desk = await Desk.at(storage, `quota-${(run += 1)}`)
        const first = tally(await desk.many(before, { limits: blocks(included) }))
        for (let call = 1; call <= Math.min(before, included, 5); call += 1) await desk.complete(`call-${call}`)
        const second = tally(await desk.many(count, { limits: blocks(included), principal: 'bob' }))
        looks.same((first['admitted'] ?? 0) + (second['admitted'] ?? 0), Math.min(included, before + count), 'admitted in all')
      }), { numRuns: 12 })
    },
  },
  {
    id: 'quota/clock-back', name: 'a rate that was used up while the clock was a day ahead is whole again when it is set right; a clock that goes back by seconds gives nothing',
    check: async ({ storage, clock }, looks) => {
      const desk = await Desk.at(storage)
      const limits = { ...PLENTY, tenantPerMinute: 4, principalPerMinute: 3 }
      const start = clock.now()
      clock.set(start + 24 * 3_600_000)
      looks.same(tally(await desk.many(4, { limits })), { admitted: 3, rate_limited: 1 }, 'a day ahead')
      clock.set(start)
      looks.same(tally(await desk.many(4, { limits })), { admitted: 3, rate_limited: 1 }, 'set right')
      clock.set(start - 30_000)
      looks.same(tally(await desk.many(2, { limits })), { rate_limited: 2 }, 'back by seconds')
    },
  },
  {
    id: 'quota/odd', name: 'a limit that is no number, or less than one call, fits nothing, and an overage that is not true is none: whatever it was given as, judged and admitted',
    check: async ({ storage }, looks) => {
      const odd: readonly unknown[] = [undefined, null, Number.NaN, -1, 0, -Infinity, '5', 'x', true, false, 5n, [], [5], {}]
      const desk = await Desk.at(storage)
      const expects = async (limits: object, code: string): Promise<void> => {
        const wish = { limits: limits as Limits }
        const says = `limits ${Object.entries(limits).map(([name, value]) => `${name}: ${typeof value} ${String(value)}`).join(', ')}`
        const judged = await desk.door.ledger.judge(desk.item(wish))
        looks.same('code' in judged ? judged.code : judged.kind, code === 'admitted' ? 'clear' : code, `judged: ${says}`)
        looks.same(tally([await desk.admit(wish)]), { [code]: 1 }, says)
      }
      for (const value of odd) {
        await expects({ ...PLENTY, included: value }, 'quota_exhausted')
        await expects({ ...PLENTY, tenantPerMinute: value }, 'rate_limited')
        await expects({ ...PLENTY, principalPerMinute: value }, 'rate_limited')
      }
      for (const rate of [0.5, 1e-300]) await expects({ ...PLENTY, tenantPerMinute: rate }, 'rate_limited')
      for (const overage of [undefined, null, 'no', 'yes', 'true', 1, {}, Number.NaN]) await expects({ ...PLENTY, included: 0, overage }, 'quota_exhausted')
      for (const missing of ['included', 'tenantPerMinute', 'principalPerMinute', 'overage'] as const) {
        const limits = { ...PLENTY, included: missing === 'overage' ? 0 : PLENTY.included, [missing]: undefined }
        delete (limits as Partial<Limits>)[missing]
        await expects(limits, missing === 'included' || missing === 'overage' ? 'quota_exhausted' : 'rate_limited')
      }
      for (const limits of [undefined, null]) {
        looks.same(await desk.admit({ limits: limits as unknown as Limits }).then(({ kind }) => kind, () => 'rejected'), 'rejected', `limits that are ${String(limits)}`)
      }
      looks.same([await desk.size(), await desk.door.ledger.callsOf('ada')], [0, { used: 0, reserved: 0 }], 'records and usage')
      await expects({ ...PLENTY, included: Infinity, tenantPerMinute: Infinity, principalPerMinute: 1.5 }, 'admitted')
      looks.same(tally(await desk.many(2)), { admitted: 2 }, 'whole limits')
    },
  },
  {
    id: 'quota/overage', name: 'QUO-02: a plan with overage admits beyond what is included; the same usage blocks as soon as the plan does not',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      looks.same(tally(await desk.many(15, { limits: { ...blocks(10), overage: true } })), { admitted: 15 }, 'with overage')
      looks.same(tally(await desk.many(1, { limits: blocks(15) })), { quota_exhausted: 1 }, 'without, used up to the last one')
      looks.same(tally(await desk.many(2, { limits: blocks(16) })), { admitted: 1, quota_exhausted: 1 }, 'without, one left')
    },
  },
  {
    id: 'quota/give-back', name: 'QUO-04: a call that was surely not sent gives its unit back, any other end keeps it',
    check: async ({ storage }, looks) => {
      const ends: [kept: boolean, end: (desk: Desk, callId: string) => Promise<unknown>][] = [
        [false, (desk, id) => desk.abandon(id)], [false, (desk, id) => desk.complete(id, 'not_sent')],
        [true, (desk, id) => desk.complete(id, 'succeeded')], [true, (desk, id) => desk.complete(id, 'failed')], [true, (desk, id) => desk.complete(id, 'unknown')],
        [true, (desk, id) => desk.reconcile(id, 'indeterminate')], [true, (desk, id) => desk.reconcile(id, 'failed')],
      ]
      for (const [index, [kept, end]] of ends.entries()) {
        const desk = await Desk.at(storage, `give-back-${index}`)
        await desk.admit({ limits: blocks(1), callId: 'the call' })
        looks.same(tally([await desk.admit({ limits: blocks(1) })]), { quota_exhausted: 1 }, 'while it is open')
        await end(desk, 'the call')
        looks.same(await desk.door.ledger.callsOf('ada'), { used: kept ? 1 : 0, reserved: 0 }, `usage after end ${index}`)
        looks.same(tally([await desk.admit({ limits: blocks(1) })]), kept ? { quota_exhausted: 1 } : { admitted: 1 }, `room after end ${index}`)
      }
    },
  },
  {
    id: 'quota/once', name: 'QUO-03: however often the end of a call is reported, it counts once',
    check: async ({ storage }, looks) => {
      const desk = await Desk.at(storage)
      await desk.many(3)
      const ends = await Promise.all(Array.from({ length: 64 }, () => desk.complete('call-1')))
      looks.same(tally(ends), { closed: 1, not_open: 63 }, 'answers')
      looks.same([await desk.door.ledger.callsOf('ada'), await desk.size()], [{ used: 1, reserved: 2 }, 4], 'usage and records')
    },
  },
  {
    id: 'quota/period', name: 'QUO-05: a period is a UTC calendar month, from its first millisecond to before the next one; a call counts in the period it was admitted in',
    check: async ({ storage, clock }, looks) => {
      const edge = Date.UTC(2026, 11, 1)
      const desk = await Desk.at(storage)
      clock.set(edge - 1)
      looks.same(tally(await desk.many(3, { limits: blocks(2) })), { admitted: 2, quota_exhausted: 1 }, 'in the last millisecond')
      clock.set(edge)
      looks.same(await desk.door.ledger.callsOf('ada'), { used: 0, reserved: 0 }, 'usage in the first millisecond')
      looks.same(tally(await desk.many(3, { limits: blocks(2) })), { admitted: 2, quota_exhausted: 1 }, 'in the first millisecond')
      await desk.complete('call-1')
      looks.same(await desk.door.ledger.callsOf('ada'), { used: 0, reserved: 2 }, 'usage after the end of an earlier call')
      clock.set(edge - 1)
      looks.same(await desk.door.ledger.callsOf('ada'), { used: 1, reserved: 1 }, 'usage of the period before')
    },
  },
  {
    id: 'quota/rate', name: 'a rate admits so many at once, says when the next one may come, and keeps principals apart; a refused call takes nothing',
    check: async ({ storage, clock }, looks) => {
      const desk = await Desk.at(storage)
      const limits = { ...PLENTY, tenantPerMinute: 30, principalPerMinute: 12 }
      looks.same(tally(await desk.many(20, { limits })), { admitted: 12, rate_limited: 8 }, 'one principal')
      looks.same(tally(await desk.many(25, { limits, principal: 'bob' })), { admitted: 12, rate_limited: 13 }, 'another one')
      looks.same(tally(await desk.many(25, { limits, principal: 'eve' })), { admitted: 6, rate_limited: 19 }, 'what the tenant has left')
      looks.same(await desk.door.ledger.callsOf('eve'), { used: 0, reserved: 6 }, 'usage of the refused')

      const other = await Desk.at(storage, 'another tenant')
      await other.many(12, { limits })
      const refused = await other.admit({ limits })
      looks.that(refused.kind === 'quota' && refused.code === 'rate_limited' && (refused.retryAfter ?? 0) >= 1, 'a refusal says when to come again')
      clock.set(clock.now() + 1000 * (refused.kind === 'quota' ? (refused.retryAfter ?? 0) : 0))
      looks.same(tally([await other.admit({ limits })]), { admitted: 1 }, 'after the time it said')
    },
  },
]
