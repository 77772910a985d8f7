import { figure, median, pairedFigure, percentile, TOLD, type Figure } from '../measure.ts'
import { Rivals } from '../postgres/rivals.ts'
import { withPostgres } from '../postgres/site.ts'

/** As many callers in all, however many processes they are in: what differs is the rivalry alone. */
const CALLERS = 128
const PROCESSES = [1, 2, 4] as const
const JUDGED = 2
const ROUNDS = 5
const ROUND_MS = 800
/** p99 of one process, and of an even share what the process that got least must have. */
const [TIMES, EVEN] = [2, 0.8]

/** One hot tenant: calls of one process against the same callers in two processes, and in four; interleaved. */
export const pgRivals = (): Promise<readonly Figure[]> => withPostgres(async ({ connection }) => {
  const rivals = await Rivals.start(Math.max(...PROCESSES), connection)
  try {
    const sides = PROCESSES.map((processes) => ({ processes, perSecond: [] as number[], p99: [] as number[], least: [] as number[] }))
    for (let round = -1; round < ROUNDS; round++) {
      for (const { processes, perSecond, p99, least } of sides) {
        const ran = await rivals.run(processes, CALLERS / processes, round < 0 ? ROUND_MS / 4 : ROUND_MS)
        if (round < 0) continue
        const counts = ran.map(({ took }) => took.length)
        const sum = counts.reduce((a, b) => a + b, 0)
        perSecond.push(sum / ROUND_MS * 1_000)
        p99.push(percentile(ran.flatMap(({ took }) => took), 0.99))
        least.push(Math.min(...counts) / (sum / processes))
      }
    }
    const [one] = sides
    if (one === undefined) throw new Error('nothing was measured')
    return sides.slice(1).flatMap(({ processes, perSecond, p99, least }) => {
      const judged = processes === JUDGED
      const bar = (text: string): string => (judged ? text : TOLD)
      return [
        pairedFigure(`pg-rivals-${processes}-p99`, 'ms', p99, one.p99, bar(`≤ ${TIMES} of one`), (times) => !judged || times <= TIMES),
        figure(`pg-rivals-${processes}-least`, 'of even', median(least), 1, bar(`≥ ${EVEN}`), !judged || median(least) >= EVEN),
        pairedFigure(`pg-rivals-${processes}`, 'calls/s', perSecond, one.perSecond, TOLD, () => true),
      ]
    })
  } finally {
    await rivals.end()
  }
})
