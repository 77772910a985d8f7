import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { memoryStorage } from '@portcullis/core/memory'
import type { Clock, Storage } from '@portcullis/core/ports'
import { explore } from '../packages/testing/src/explore/explore.ts'
import { OUT_OF_REACH } from '../packages/testing/src/explore/reach.ts'
import { CONNECTORS } from '../packages/testing/test/pretend/connectors.ts'
import { startPostgres } from '../test-support/postgres-server.ts'

/** Plays many more random histories than the tests do: `npm run assure -- --runs 1000000 --seed 7 --storage sqlite`, or `postgres`. */
const { values } = parseArgs({ options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string' }, storage: { type: 'string', default: 'memory' } } })
const runs = Number(values.runs)
const seed = Number(values.seed ?? Math.trunc(Date.now() / 1000))
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) throw new Error('--runs and --seed are whole numbers.')

/** A failure is looked for in portions, so that what was met is seen while it runs. */
const PORTION = values.storage === 'postgres' ? 500 : 5_000
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir() // opening stores by the thousand is about rules, not about disks
const place = await storages(values.storage)
const met = new Map<string, number>()
const began = performance.now()
let played = 0
let failed = 0
try {
  for (let portion = 0; played < runs; portion++) {
    const { histories, steps, reach } = await explore({ connectors: CONNECTORS, storage: place.storage, runs: Math.min(PORTION, runs - played), seed: seed + portion })
    played += histories
    for (const [code, times] of reach.counts) met.set(code, (met.get(code) ?? 0) + times)
    console.log(`${played} histories (${steps} steps in the last portion), ${Math.round((performance.now() - began) / 1000)} s, no difference`)
  }
} catch (difference) {
  failed = 1
  console.error(difference instanceof Error ? difference.message : difference)
} finally {
  await place.stop()
}

console.log(`\nseed ${seed}; how often each code was met:`)
for (const [code, times] of [...met].toSorted(([, a], [, b]) => b - a)) console.log(`${String(times).padStart(9)}  ${code}`)
for (const [code, reason] of Object.entries(OUT_OF_REACH)) console.log(`        –  ${code}: ${reason}`)
mkdirSync('reports', { recursive: true })
writeFileSync('reports/assure.json', `${JSON.stringify({ passed: played, failed, seed, storage: values.storage, met: Object.fromEntries(met) }, undefined, 2)}\n`)
process.exitCode = failed

interface Storages {
  /** A fresh one for every history. */
  readonly storage: (clock: Clock) => Storage
  stop(): Promise<void>
}

async function storages(kind: string): Promise<Storages> {
  if (kind === 'memory') return { storage: (clock) => memoryStorage({ clock }), stop: async () => undefined }
  if (kind === 'sqlite') return sqlite()
  if (kind === 'postgres') return postgres()
  throw new Error('--storage is memory, sqlite or postgres.')
}

/** A folder for each. Only here, so that the others need no driver. */
async function sqlite(): Promise<Storages> {
  const { sqliteStorage } = await import('../packages/sqlite/src/index.ts')
  const storage = (clock: Clock): Storage => {
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
  return { storage, stop: async () => undefined }
}

/**
 * One server and one database for all, and tenants that no other history has. Nobody else changes anything, so nobody is asked what
 * changed: an answer that takes real time comes too late for a clock that jumps.
 */
async function postgres(): Promise<Storages> {
  const { migrate, postgresStorage } = await import('../packages/postgres/src/index.ts')
  const { freshDatabase } = await import('../packages/postgres/test/database.ts')
  const server = await startPostgres()
  if ('skipped' in server) throw new Error(server.skipped)
  try {
    const { owner, app, role } = await freshDatabase(server.superuser)
    await migrate(owner, { role, login: app.user })
    let histories = 0
    const storage = (clock: Clock): Storage => {
      const inner = postgresStorage({ connection: { ...app, max: 4 }, role, now: () => clock.now() })
      const own = `${(histories += 1)} `
      return { tenant: (id) => inner.tenant(own + id), close: () => inner.close() }
    }
    return { storage, stop: () => server.stop() }
  } catch (error) {
    await server.stop()
    throw error
  }
}
