import { parseArgs } from 'node:util'
import { Arena, type Kind, type Trial } from '../packages/postgres/test/crash/trial.ts'
import { startPostgres } from '../test-support/postgres-server.ts'
import { writeReport } from './steps.ts'

const USAGE = `Usage: npm run crash -- [--runs 100] [--kind process|server] [--seed <number>] [--postgres 18|15] [--json]

Kills writers, or PostgreSQL below them, at random moments under load, and compares what they were told with what is there.
--seed: the seed of the first run; each later one has the next number. Without --kind, every run is done with both.
`

interface Wanted {
  readonly kinds: readonly Kind[]
  readonly seeds: readonly number[]
  readonly version: 18 | 15
  readonly json: boolean
}

/** A sentence when the words make no sense. */
function read(argv: string[]): Wanted | string {
  const number = /^\d{1,9}$/
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        runs: { type: 'string', default: '100' }, kind: { type: 'string' }, seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
        postgres: { type: 'string', default: '18' }, json: { type: 'boolean', default: false },
      },
    })
    const { runs, kind, seed, postgres, json } = values
    if (!number.test(runs) || runs === '0' || !number.test(seed)) return '--runs and --seed are whole numbers of up to nine digits, and there is at least one run.'
    if (kind !== undefined && kind !== 'process' && kind !== 'server') return '--kind is process or server; without it both are killed.'
    if (postgres !== '18' && postgres !== '15') return '--postgres is 18 or 15.'
    return { kinds: kind === undefined ? ['process', 'server'] : [kind], seeds: Array.from({ length: Number(runs) }, (_, run) => Number(seed) + run), version: postgres === '15' ? 15 : 18, json }
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}`
  }
}

const sum = (trials: readonly Trial[], member: 'records' | 'acknowledged' | 'reconciled' | 'rejected' | 'approvals' | 'keys'): number => trials.reduce((total, trial) => total + trial[member], 0)

/** Answers whether nothing was lost. */
async function crash({ kinds, seeds, version, json }: Wanted): Promise<boolean> {
  const server = await startPostgres({ version })
  if ('skipped' in server) {
    process.stderr.write(`crash: ${server.skipped}\n`)
    return false
  }
  const trials: Trial[] = []
  try {
    const arena = await Arena.on(server)
    for (const [run, seed] of seeds.entries()) {
      for (const kind of kinds) {
        const trial = await arena.run(kind, seed)
        trials.push(trial)
        const failed = trial.problems.length > 0
        const counts = `${trial.writers} writers, ${trial.acknowledged} acknowledged, ${trial.rejected} rejected, ${trial.reconciled} left open`
        process.stderr.write(`${failed ? 'FAIL' : 'ok  '} ${run + 1}/${seeds.length} ${kind.padEnd(7)} seed ${seed}: ${counts}\n`)
        for (const problem of trial.problems.slice(0, 10)) process.stderr.write(`     ${problem}\n`)
        if (failed) process.stderr.write(`     again: npm run crash -- --runs 1 --kind ${kind} --seed ${seed}\n`)
      }
    }
  } finally {
    await server.stop()
  }
  const failed = trials.filter(({ problems }) => problems.length > 0)
  const totals = Object.fromEntries((['records', 'acknowledged', 'rejected', 'reconciled', 'approvals', 'keys'] as const).map((member) => [member, sum(trials, member)]))
  writeReport('crash', { passed: trials.length - failed.length, failed: failed.length, postgres: version, ...totals, trials })
  if (json) process.stdout.write(`${JSON.stringify({ postgres: version, runs: trials.length, failed: failed.map(({ kind, seed, problems }) => ({ kind, seed, problems })), ...totals })}\n`)
  process.stderr.write(`crash: ${trials.length - failed.length} passed, ${failed.length} failed (PostgreSQL ${version}; ${sum(trials, 'acknowledged')} answers acknowledged)\n`)
  return failed.length === 0
}

const wanted = read(process.argv.slice(2))
if (typeof wanted === 'string') {
  process.stderr.write(`${wanted}\n${USAGE}`)
  process.exitCode = 2
} else if (!(await crash(wanted))) process.exitCode = 1
