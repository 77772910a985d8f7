import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { memoryStorage } from '@portcullis/core/memory'
import type { Clock, Storage } from '@portcullis/core/ports'
import { explore } from '../packages/testing/src/explore/explore.ts'
import { OUT_OF_REACH } from '../packages/testing/src/explore/reach.ts'
import { CONNECTORS } from '../packages/testing/test/pretend/connectors.ts'

/** Plays many more random histories than the tests do: `npm run assure -- --runs 1000000 --seed 7 --storage sqlite`. */
const { values } = parseArgs({ options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string' }, storage: { type: 'string', default: 'memory' } } })
const runs = Number(values.runs)
const seed = Number(values.seed ?? Math.trunc(Date.now() / 1000))
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) throw new Error('--runs and --seed are whole numbers.')

/** A failure is looked for in portions, so that what was met is seen while it runs. */
const PORTION = 5_000
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir() // opening stores by the thousand is about rules, not about disks
const storage = await storages(values.storage)
const met = new Map<string, number>()
const began = performance.now()
let played = 0
let failed = 0
try {
  for (let portion = 0; played < runs; portion++) {
    const { histories, steps, reach } = await explore({ connectors: CONNECTORS, storage, runs: Math.min(PORTION, runs - played), seed: seed + portion })
    played += histories
    for (const [code, times] of reach.counts) met.set(code, (met.get(code) ?? 0) + times)
    console.log(`${played} histories (${steps} steps in the last portion), ${Math.round((performance.now() - began) / 1000)} s, no difference`)
  }
} catch (difference) {
  failed = 1
  console.error(difference instanceof Error ? difference.message : difference)
}

console.log(`\nseed ${seed}; how often each code was met:`)
for (const [code, times] of [...met].toSorted(([, a], [, b]) => b - a)) console.log(`${String(times).padStart(9)}  ${code}`)
for (const [code, reason] of Object.entries(OUT_OF_REACH)) console.log(`        –  ${code}: ${reason}`)
mkdirSync('reports', { recursive: true })
writeFileSync('reports/assure.json', `${JSON.stringify({ passed: played, failed, seed, storage: values.storage, met: Object.fromEntries(met) }, undefined, 2)}\n`)
process.exitCode = failed

/** A fresh storage for every history. SQLite needs folders, and its package needs to be there. */
async function storages(kind: string): Promise<(clock: Clock) => Storage> {
  if (kind === 'memory') return (clock) => memoryStorage({ clock })
  if (kind !== 'sqlite') throw new Error('--storage is memory or sqlite.')
  const { sqliteStorage } = await import('../packages/sqlite/src/index.ts')
  return (clock) => {
    const folder = mkdtempSync(join(PLACE, 'portcullis-assure-'))
    const opened = sqliteStorage(folder, { clock })
    return {
      tenant: (id) => opened.tenant(id),
      close: async () => {
        await opened.close()
        rmSync(folder, { recursive: true })
      },
    }
  }
}
