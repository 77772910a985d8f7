import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { memoryStorage } from '../../src/memory/memory-storage.ts'
import { DEFAULT_LIMITS, type WorldInstance } from '../../src/memory/world.ts'
import { worldPlane } from '../../src/memory/world-plane.ts'
import type { Limits } from '../../src/tenancy/snapshot.ts'
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
  const lengths = [0, 2, 5]
  for (const pausesOf of lengths.flatMap((a) => lengths.flatMap((b) => lengths.flatMap((c) => lengths.map((d) => [a, b, c, d]))))) {
    const clock = new ManualClock()
    const { storage, pauses } = slowStorage(clock)
    const plane = worldPlane(worldOf(), { connectors: [psa, rmm], storage, clock })
    const { ledger } = await storage.tenant('north')
    const admitted = async ({ version, limits }: Awaited<ReturnType<typeof plane.snapshot>>): Promise<string> =>
      (await ledger.admit({ kind: 'admit', callId: `c${version}`, authorization: version, principal: 'p', limits, deadlineMs: 1, job: { instance: 'i', tool: 't' }, body: '{"a":1' })).kind
    pauses.push(...pausesOf)
    const reading = plane.snapshot('north')
    await plane.change('north', { ...tenantOf('north'), subscription: 'suspended' })
    const before = await reading
    if (before.subscription === 'active') expect(await admitted(before), pausesOf.join()).toBe('changed')
    const after = await plane.snapshot('north')
    expect(after.subscription).toBe('suspended')
    expect(await admitted(after)).toBe('admitted') // and is not sent back for ever
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

verifies('CH-09', 'a limit or a state that is there but undefined says nothing: the default stands', async () => {
  const north = tenantOf('north')
  const limits = { included: undefined, overage: undefined, tenantPerMinute: 7, principalPerMinute: undefined } as unknown as Partial<Limits>
  const instances = Object.fromEntries(Object.entries(north.instances).map(([id, instance]) => [id, { ...instance, state: { health: undefined, activation: 'disabled' } as unknown as WorldInstance['state'] & object }]))
  const world = { ...worldOf(), tenants: { ...worldOf().tenants, north: { ...north, limits, instances } } }
  const snapshot = await worldPlane(world, { connectors: [psa, rmm], storage: memoryStorage(), clock: new ManualClock() }).snapshot('north')
  expect(snapshot.limits).toEqual({ ...DEFAULT_LIMITS, tenantPerMinute: 7 })
  expect(snapshot.instances.map(({ state }) => [state.health, state.activation])).toEqual(snapshot.instances.map(() => ['healthy', 'disabled']))
  for (const odd of [null, Number.NaN, -1, 0.5, '5', Infinity]) {
    const refused = { ...world, tenants: { ...world.tenants, north: { ...north, limits: { included: odd as number } } } }
    expect(() => worldPlane(refused, { connectors: [psa, rmm], storage: memoryStorage(), clock: new ManualClock() })).toThrow(expect.objectContaining({ code: 'world_invalid' }))
  }
})
