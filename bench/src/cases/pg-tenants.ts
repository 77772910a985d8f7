import { figure, percentile, TOLD, type Figure } from '../measure.ts'
import { CallLoad } from '../postgres/call-load.ts'
import { Samples } from '../postgres/samples.ts'
import { withPostgres } from '../postgres/site.ts'

const TENANTS = 1_000
/** Each tenant makes one call a second, at a moment of its own. Single commits are measured between. */
const [PARTS, PART_MS] = [4, 5_000]
const SINGLE_MS = 500
const RECORD = Buffer.alloc(510, 'x')
/** ms for 99 % of the calls, where a single commit takes no longer than that; µs CPU a call on both sides of the wire. */
const [MOST, QUICK, CPU] = [100, 3, 1_200]

/** Calls of many tenants that are offered whether or not earlier ones were answered; each counts from the moment when it was due. */
export const pgTenants = (): Promise<readonly Figure[]> => withPostgres(async ({ storage, bare, clock }) => {
  const loads: CallLoad[] = []
  for (let index = 0; index < TENANTS; index++) loads.push(await CallLoad.open(await storage.tenant(`tenant-${index}`), { approved: false }))
  await Promise.all(loads.map((load) => load.call()))

  const [ours, single, took, commits] = [new Samples(), new Samples(), [] as number[], [] as number[]]
  const commit = (): Promise<void> => single.round(clock, async () => {
    const latencies = await bare.commits(RECORD, SINGLE_MS)
    commits.push(...latencies)
    return latencies.length
  })
  await commit()
  for (let part = 0; part < PARTS; part++) {
    await ours.round(clock, async () => {
      const latencies = await offered(loads, PART_MS)
      took.push(...latencies)
      return latencies.length
    })
    await commit()
  }
  const [p50, p99] = [0.5, 0.99].map((point) => percentile(took, point)) as [number, number]
  const [commit50, commit99] = [0.5, 0.99].map((point) => percentile(commits, point)) as [number, number]
  const judged = 1_000 / single.perSecond <= QUICK
  const cpu = ours.node + ours.server
  return [
    figure('pg-tenants-p99', 'ms', p99, commit99, judged ? `≤ ${MOST} ms` : `${TOLD}: a single commit takes over ${QUICK} ms`, !judged || p99 <= MOST),
    figure('pg-tenants-p50', 'ms', p50, commit50, TOLD, true),
    figure('pg-tenants-cpu', 'µs CPU', cpu, single.node + single.server, `≤ ${CPU} µs`, cpu <= CPU),
    figure('pg-tenants-node', 'µs CPU', ours.node, single.node, TOLD, true),
    figure('pg-tenants-server', 'µs CPU', ours.server, single.server, TOLD, true),
    figure('pg-tenants', 'calls/s', ours.perSecond, single.perSecond, TOLD, true),
  ]
})

/** One call of each tenant in every second. Answers how long each took (ms). */
async function offered(loads: readonly CallLoad[], forMs: number): Promise<readonly number[]> {
  const due = loads.flatMap((load) => Array.from({ length: forMs / 1_000 }, (_, second) => ({ load, at: (second + Math.random()) * 1_000 }))).toSorted((a, b) => a.at - b.at)
  const took: number[] = []
  const calls: Promise<void>[] = []
  const start = performance.now()
  for (const { load, at } of due) {
    const early = start + at - performance.now()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    calls.push(load.call().then(() => void took.push(performance.now() - start - at)))
  }
  await Promise.all(calls)
  return took
}
