import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { explorePart, OFTEN_ENOUGH } from './runs.ts'

verifies(['CH-07', 'CH-08', 'CH-09'], 'readiness, policy and quota decide as the requirements say', async () => {
  const { histories, reach } = await explorePart(3)
  expect(reach.short(OFTEN_ENOUGH)).toEqual([])
  return { cases: histories }
}, 600_000)
