import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { explorePart, OFTEN_ENOUGH } from './runs.ts'

verifies(['CH-04', 'CH-05', 'CH-06'], 'snapshot, subscription and entitlement decide as the requirements say', async () => {
  const { histories, reach } = await explorePart(2)
  expect(reach.short(OFTEN_ENOUGH)).toEqual([])
  return { cases: histories }
}, 600_000)
