import { figure, pairedFigure, TOLD, type Figure } from '../measure.ts'
import { Samples } from '../postgres/samples.ts'
import { withPostgres } from '../postgres/site.ts'

const RECORDS = 25_600
const CALLERS = 256
const ROUNDS = 5
const SINGLE_MS = 500
const BODY = JSON.stringify({ v: 1, kind: 'bench', filler: 'x'.repeat(430) }).slice(0, -1)
/** Of a bare insert, and µs CPU a record on either side of the wire. */
const [SHARE, MOST] = [0.5, 25]

/** Durable appends through the ledger by 256 callers, against bare `unnest` inserts of the same bytes in batches as large; interleaved. */
export const pgAppend = (): Promise<readonly Figure[]> => withPostgres(async ({ storage, bare, clock }) => {
  const { ledger, log } = await storage.tenant('northwind')
  const append = async (): Promise<number> => {
    const caller = async (): Promise<void> => {
      for (let index = 0; index < RECORDS / CALLERS; index++) await ledger.note({ kind: 'note', body: BODY })
    }
    await Promise.all(Array.from({ length: CALLERS }, caller))
    return RECORDS
  }
  await append()
  const records = (await log.read({ from: 0, limit: RECORDS })).map(({ bytes }) => Buffer.from(bytes))
  const [record] = records
  if (record === undefined) throw new Error('the log is empty')
  await bare.append(records, CALLERS)

  const [ours, theirs, single] = [new Samples(), new Samples(), new Samples()]
  for (let round = 0; round < ROUNDS; round++) {
    await ours.round(clock, append)
    await theirs.round(clock, async () => {
      await bare.append(records, CALLERS)
      return RECORDS
    })
    await single.round(clock, async () => (await bare.commits(record, SINGLE_MS)).length)
  }
  return [
    pairedFigure('pg-append', 'records/s', ours.rates, theirs.rates, `≥ ${SHARE} of bare`, (share) => share >= SHARE),
    figure('pg-append-node', 'µs CPU', ours.node, theirs.node, `≤ ${MOST} µs`, ours.node <= MOST),
    figure('pg-append-server', 'µs CPU', ours.server, theirs.server, `≤ ${MOST} µs`, ours.server <= MOST),
    pairedFigure('pg-append-single', 'records/s', ours.rates, single.rates, TOLD, () => true),
  ]
})
