import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { explorePart, OFTEN_ENOUGH } from './runs.ts'

verifies(['CH-14', 'IS-07', 'IS-08'], "every refusal names its gate and effect, and no dispatch reaches another customer's record or key", async () => {
  const { histories, reach } = await explorePart(4)
  expect(reach.short(OFTEN_ENOUGH)).toEqual([])
  return { cases: histories }
}, 600_000)
