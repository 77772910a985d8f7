import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { memoryStorage } from '../../src/memory/memory-storage.ts'
import { worldPlane } from '../../src/memory/world-plane.ts'
import type { Storage } from '../../src/ports/storage.ts'
import { ManualClock } from '../fixtures/manual-clock.ts'
import { psa, rmm } from '../fixtures/psa.ts'
import { Stage } from '../fixtures/stage.ts'
import { tenantOf, worldOf } from '../fixtures/world.ts'

/** Storage that takes its time to publish, as long as a test wants. */
function slowStorage(clock: ManualClock): { storage: Storage; pauses: number[] } {
  const inner = memoryStorage({ clock })
  const pauses: number[] = []
  const wait = async (): Promise<void> => {
    for (let turn = pauses.shift() ?? 0; turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    pauses,
    storage: { ...inner, tenant: async (id) => { const door = await inner.tenant(id); return { ...door, authorize: async (fingerprint) => { await wait(); const version = await door.authorize(fingerprint); await wait(); return version } } } },
  }
}

verifies('CH-04', 'facts of before a change are never handed out once the change is made, however reads and changes interleave', async () => {
  for (let early = 0; early < 6; early++) {
    for (let late = 0; late < 6; late++) {
      const clock = new ManualClock()
      const { storage, pauses } = slowStorage(clock)
      const plane = worldPlane(worldOf(), { connectors: [psa, rmm], storage, clock })
      pauses.push(early, late, late, early)
      const reading = plane.snapshot('north')
      await plane.change('north', { ...tenantOf('north'), subscription: 'suspended' })
      const [before, after] = [await reading, await plane.snapshot('north')]
      expect(after.subscription).toBe('suspended')
      if (before.subscription === 'active') expect(before.version).toBeLessThan(after.version)
      // The version in force is that of the facts in force: the next admission is not sent back for ever.
      expect((await plane.directory('north')).version).toBe(after.version)
      const { ledger } = await storage.tenant('north')
      const admitted = await ledger.admit({ kind: 'admit', callId: 'c', authorization: after.version, principal: 'p', limits: after.limits, deadlineMs: 1, job: { instance: 'i', tool: 't' }, body: '{"a":1' })
      expect(admitted.kind).toBe('admitted')
    }
  }
})

test('TEN-12: a flood of calls while the tenant changes again and again: none is admitted on facts that are over', async () => {
  await using stage = await Stage.open()
  const calls: Promise<unknown>[] = []
  for (let round = 0; round < 20; round++) {
    calls.push(...Array.from({ length: 5 }, () => stage.call()))
    await stage.change('north', (before) => ({ ...before, subscription: round % 2 === 0 ? 'suspended' : 'active' }))
    if (round % 2 === 0) {
      const dispatched = stage.vendor.jobs.length
      expect(await stage.call()).toMatchObject({ code: 'subscription_suspended' })
      expect(stage.vendor.jobs.length - dispatched).toBeLessThanOrEqual(5) // admitted before the change, on their way
    }
  }
  await Promise.all(calls)
  expect((await stage.call()).kind).toBe('result')
})
