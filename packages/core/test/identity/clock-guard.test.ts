import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clockIsSafe, ClockGuard } from '../../src/identity/clock-guard.ts'

const time = fc.integer({ min: 0, max: 4_000_000_000_000 })

test('AUT-11: a clock may step back by 30 s and not by a millisecond more', () => {
  fc.assert(fc.property(time, fc.integer({ min: -4_000_000, max: 4_000_000 }), (highest, step) => {
    expect(clockIsSafe(highest, highest + step)).toBe(step >= -30_000)
  }))
  for (const [step, safe] of [[-30_000, true], [-30_001, false], [-3_600_000, false], [0, true]] as const) expect(clockIsSafe(1e12, 1e12 + step)).toBe(safe)
})

test('no time is not safe', () => {
  for (const now of [Number.NaN, Infinity, -Infinity]) {
    expect(clockIsSafe(0, now)).toBe(false)
    const guard = new ClockGuard()
    expect([guard.observe(now), guard.observe(1e12), guard.observe(now), guard.observe(1e12)]).toEqual([false, true, false, true])
  }
})

test('a guard judges by the highest time that it ever saw', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1_000_000, max: 1_100_000 }), { maxLength: 30 }), (times) => {
    const guard = new ClockGuard()
    times.forEach((now, at) => expect(guard.observe(now)).toBe(now >= Math.max(...times.slice(0, at), -Infinity) - 30_000))
  }))
})
