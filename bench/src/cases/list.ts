import { visible } from '../../../packages/core/src/visible.ts'
import { enterWith, factsWith } from '../evidence.ts'
import { cpuPerOperation, figure, type Figure } from '../measure.ts'

/** `visible()` without any cache, against copying the names of the same tools. */
export async function list(): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const count of [1_000, 10_000]) {
    const facts = factsWith(count)
    const { base } = enterWith(facts)
    const rounds = 200_000 / count
    const value = await cpuPerOperation(() => {
      for (let round = 0; round < rounds; round++) if (visible(base).length !== count) throw new Error('not all are listed')
      return rounds
    })
    const baseline = await cpuPerOperation(() => {
      for (let round = 0; round < rounds; round++) if ([...facts.snapshot.tools.keys()].length !== count) throw new Error('not all are copied')
      return rounds
    })
    const limit = count / 10
    figures.push(figure(`list-${count}`, 'µs CPU', value, baseline, `≤ ${limit} µs`, value <= limit))
  }
  return figures
}
