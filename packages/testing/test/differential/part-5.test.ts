import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { explorePart, OFTEN_ENOUGH } from './runs.ts'

verifies(['RO-07', 'ID-09', 'CH-13'], 'bindings of the moment, narrowed by token and grant, and answers narrowed to the customer, are as the independent oracle says', async () => {
  const { histories, reach } = await explorePart(5)
  expect(reach.short(OFTEN_ENOUGH)).toEqual([])
  return { cases: histories }
}, 600_000)
