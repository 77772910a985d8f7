import { connectorWith } from '../deployment.ts'
import { cpuPerOperation, figure, type Figure } from '../measure.ts'

const RECORDS = 1_000
const ROUNDS = 200

/** One flat record of an answer with 5 % of the customer's, against a JSON round trip of it. */
export async function narrow(): Promise<readonly Figure[]> {
  const tool = connectorWith(1).tools.get('list_0')
  if (tool === undefined) throw new Error('the connector has no tool')
  const answer = { tickets: Array.from({ length: RECORDS }, (_, id) => ({ id, client_id: id % 20, summary: `ticket ${id}` })) }
  const value = await cpuPerOperation(() => {
    for (let round = 0; round < ROUNDS; round++) {
      const narrowed = tool.narrow(answer, 7)
      if (!narrowed.ok || narrowed.dropped !== RECORDS * 0.95) throw new Error('not narrowed')
    }
    return ROUNDS * RECORDS
  })
  const text = JSON.stringify(answer)
  const baseline = await cpuPerOperation(() => {
    for (let round = 0; round < ROUNDS; round++) if (JSON.stringify(JSON.parse(text)).length !== text.length) throw new Error('not the same')
    return ROUNDS * RECORDS
  })
  return [figure('narrow-record', 'µs CPU', value, baseline, '≤ 0.3 µs', value <= 0.3)]
}
