import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { explorePart, OFTEN_ENOUGH } from './runs.ts'

verifies(['CH-01', 'CH-02', 'CH-03'], 'who calls, in which tenant and for which customer is decided as the requirements say', async () => {
  const { histories, reach } = await explorePart(1)
  expect(reach.short(OFTEN_ENOUGH)).toEqual([])
  return { cases: histories }
}, 600_000)
