import fc from 'fast-check'
import { memoryStorage } from '@portcullis/core/memory'
import { histories, play } from './history.ts'
import type { StorageLaw } from './storage-law.ts'
import { manualClock } from './subject.ts'

export const MODEL_LAWS: readonly StorageLaw[] = [
  {
    id: 'model/same', name: 'any history plays as it does in memory: answer by answer, and byte by byte in the log',
    check: async ({ storage, clock }, looks) => {
      let run = 0
      await fc.assert(fc.asyncProperty(histories, async (history) => {
        const start = clock.now()
        const reference = manualClock(start)
        const tenant = `history-${(run += 1)}`
        const expected = await play(memoryStorage({ clock: reference }), reference, tenant, start, history)
        const actual = await play(storage, clock, tenant, start, history)
        for (const [index, value] of expected.entries()) looks.same(actual[index], value, `part ${index} of the transcript`)
      }), { numRuns: 40 })
    },
  },
]
