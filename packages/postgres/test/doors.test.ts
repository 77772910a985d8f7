import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { TenantDoor } from '@portcullis/core/ports'
import { HeldDoors } from '../src/doors.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('a tenant has one door as long as somebody holds it, and costs nothing when nobody does', async () => {
  const doors = new HeldDoors()
  const make = (): TenantDoor => ({ ledger: { big: 'x'.repeat(100) } }) as unknown as TenantDoor
  const held = doors.get('held', make)
  for (let tenant = 0; tenant < 5_000; tenant += 1) doors.get(`idle ${tenant}`, make)
  await expect.poll(() => {
    collect()
    return doors.size
  }, { timeout: 20_000 }).toBe(1)
  expect(doors.get('held', make)).toBe(held)
  doors.clear()
  expect(doors.get('held', make)).not.toBe(held)
})
