import { figure, percentile, TOLD, type Figure } from '../measure.ts'
import { CallLoad } from '../postgres/call-load.ts'
import { Samples } from '../postgres/samples.ts'
import { withPostgres } from '../postgres/site.ts'

/** How many callers, and how many calls they make in a round. */
const SIZES = [[1, 100], [16, 1_500], [128, 5_000], [256, 6_000]] as const
const ROUNDS = 3
const SINGLE_MS = 250
/** The size of a record of the calls. */
const RECORD = Buffer.alloc(510, 'x')
const JUDGED = 256
/** ms at the most, or so many times a single commit of the same minute where the disk is slow. */
const [MOST, TIMES] = [50, 10]

interface Side {
  readonly samples: Samples
  readonly took: number[]
}

const sideOf = (): Side => ({ samples: new Samples(), took: [] })

/** Whole calls through the ledger by more and more callers on one tenant: latencies beside those of single commits, CPU beside bare inserts of the two records. */
export const pgCall = (): Promise<readonly Figure[]> => withPostgres(async ({ storage, bare, clock }) => {
  const load = await CallLoad.open(await storage.tenant('northwind'))
  await load.prepare(2_000)
  await load.calls(64, 2_000)
  const sizes = SIZES.map(([callers, calls]) => ({ callers, calls, ours: sideOf(), single: sideOf(), bare: new Samples() }))
  const round = async ({ samples, took }: Side, work: () => Promise<readonly number[]>): Promise<void> =>
    samples.round(clock, async () => {
      const latencies = await work()
      took.push(...latencies)
      return latencies.length
    })
  for (let index = 0; index < ROUNDS; index++) {
    for (const size of sizes) {
      const { callers, calls } = size
      await load.prepare(calls)
      await round(size.ours, () => load.calls(callers, calls))
      await round(size.single, () => bare.commits(RECORD, SINGLE_MS))
      await size.bare.round(clock, async () => {
        await bare.append(Array<Buffer>(2 * calls).fill(RECORD), callers)
        return calls
      })
    }
  }
  return sizes.flatMap(({ callers, ours, single, bare: plain }) => {
    const name = `pg-call-${callers}`
    const [p50, p99] = [0.5, 0.99].map((part) => [percentile(ours.took, part), percentile(single.took, part)] as const) as [readonly [number, number], readonly [number, number]]
    const most = Math.max(MOST, TIMES * p99[1])
    return [
      figure(name, 'calls/s', ours.samples.perSecond, single.samples.perSecond, TOLD, true),
      figure(`${name}-p50`, 'ms', ...p50, TOLD, true),
      figure(`${name}-p99`, 'ms', ...p99, callers === JUDGED ? `≤ ${MOST} ms, or ${TIMES} single commits` : TOLD, callers !== JUDGED || p99[0] <= most),
      figure(`${name}-node`, 'µs CPU', ours.samples.node, plain.node, TOLD, true),
      figure(`${name}-server`, 'µs CPU', ours.samples.server, plain.server, TOLD, true),
    ]
  })
})
