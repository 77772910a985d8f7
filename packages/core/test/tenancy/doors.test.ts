import { expect, test } from 'vitest'
import { ed25519Key } from '../../src/audit/ed25519.ts'
import { memoryStorage } from '../../src/memory/memory-storage.ts'
import { keepReconciling } from '../../src/reconcile.ts'
import type { Runtime } from '../../src/runtime.ts'
import { Doors } from '../../src/tenancy/doors.ts'
import { ManualClock } from '../fixtures/manual-clock.ts'

const open = (): { doors: Doors; clock: ManualClock } => {
  const clock = new ManualClock()
  return { clock, doors: new Doors({ storage: memoryStorage({ clock }), clock, host: 'mcp.example.com', key: ed25519Key(new Uint8Array(32).fill(1)), sink: undefined, onFault: () => undefined, portMs: 1_000 }) }
}
const many = (count: number, name: string): string[] => Array.from({ length: count }, (_, index) => `${name}-${index}`)

test('DOS-06: doors of tenants that nobody asks about are closed, and those with something to bind or just used are not', async () => {
  const { doors, clock } = open()
  for (const tenant of many(1_500, 'quiet')) await doors.open(tenant)
  const kept = await doors.open('unbound')
  const used = await doors.open('used')
  clock.stall(590_000)
  await doors.open('used')
  clock.stall(20_000)
  await kept.ledger.note({ kind: 'note', body: '{"v":1' })
  await doors.open('one more')
  expect(doors.opened().map(({ tenant }) => tenant).toSorted()).toEqual(['one more', 'unbound', 'used'])
  expect([await doors.open('unbound'), await doors.open('used')]).toEqual([kept, used])
  expect((await doors.open('quiet-7')).tenant).toBe('quiet-7') // and can be opened again
})

test('DOS-06: looking for open intents every ten seconds is no use of a door', async () => {
  const { doors, clock } = open()
  for (const tenant of many(1_100, 'quiet')) await doors.open(tenant)
  const looked: unknown[] = []
  const stop = keepReconciling({ clock, doors, onFault: (fault: unknown) => looked.push(fault) } as unknown as Runtime)
  await clock.advance(615_000)
  stop()
  await doors.open('one more')
  expect(doors.opened().map(({ tenant }) => tenant)).toEqual(['one more'])
  expect(looked).toEqual([])
})
