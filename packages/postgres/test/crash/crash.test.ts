import { expect, onTestFinished } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { startPostgres } from '../../../../test-support/postgres-server.ts'
import { Arena, type Kind } from './trial.ts'

const RUNS = 10

async function trials(kind: Kind): Promise<void> {
  const server = await startPostgres()
  if ('skipped' in server) throw new Error(server.skipped)
  onTestFinished(() => server.stop())
  const arena = await Arena.on(server)
  for (let run = 0; run < RUNS; run += 1) {
    const seed = Math.floor(Math.random() * 1e9)
    const trial = await arena.run(kind, seed)
    const again = `npm run crash -- --runs 1 --kind ${kind} --seed ${seed}`
    expect(trial.problems, again).toEqual([])
    expect(trial.acknowledged, again).toBeGreaterThan(0)
  }
}

verifies(['EM-02', 'AU-04', 'CH-12'], 'AUD-09: PostgreSQL has what it said to processes that were killed ten times in the middle of their work, alone and with a rival that goes on', () => trials('process'))

verifies(['EM-02', 'AU-04', 'CH-11'], 'AUD-09: PostgreSQL, killed with all its backends ten times under load, has lost nothing acknowledged; writers reject what they do not know and go on', () => trials('server'))
