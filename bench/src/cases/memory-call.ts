import { deploy } from '../deployment.ts'
import { cpuPerOperation, figure, type Figure } from '../measure.ts'

const CALLS = 2_000
const CALLERS = 16

/** A whole call over memory: chain, admission, completion and narrowing, against its vendor's answer made into text and back. */
export async function memoryCall(): Promise<readonly Figure[]> {
  const { portcullis, token } = await deploy({ tools: 50 })
  const value = await cpuPerOperation(async () => {
    const caller = async (): Promise<void> => {
      for (let index = 0; index < CALLS / CALLERS; index++) {
        const outcome = await portcullis.enforce({ token, tool: 'psa.list_7', arguments: { status: 'open' } })
        if (outcome.kind !== 'result') throw new Error(JSON.stringify(outcome))
      }
    }
    await Promise.all(Array.from({ length: CALLERS }, caller))
    return CALLS
  })
  await portcullis.close()
  const answer = { tickets: [{ id: 1, client_id: 10, summary: 'mine' }, { id: 2, client_id: 20, summary: 'theirs' }] }
  const baseline = await cpuPerOperation(() => {
    for (let index = 0; index < CALLS; index++) if (JSON.stringify(JSON.parse(JSON.stringify(answer))).length === 0) throw new Error('nothing')
    return CALLS
  })
  return [figure('memory-call', 'µs CPU', value, baseline, '≤ 60 µs', value <= 60)]
}
