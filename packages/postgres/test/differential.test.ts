import { expect, inject } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Clock, Storage } from '@portcullis/core/ports'
import { migrate, postgresStorage } from '@portcullis/postgres'
import { explore } from '../../testing/src/index.ts'
import { CONNECTORS } from '../../testing/test/pretend/connectors.ts'
import { freshDatabase } from './database.ts'

const RUNS = 300

verifies(['EM-02', 'CH-10', 'CH-09'], 'random histories on PostgreSQL go as the oracle says', async () => {
  const { owner, app, role } = await freshDatabase(inject('postgres'))
  await migrate(owner, { role, login: app.user })
  let histories = 0
  /**
   * Each history has its own storage, and tenants that no other history has. Nobody else changes anything, so nobody is asked: an answer
   * that takes real time comes too late for a clock that jumps.
   */
  const storage = (clock: Clock): Storage => {
    const inner = postgresStorage({ connection: { ...app, max: 4 }, role, now: () => clock.now() })
    const own = `${(histories += 1)} `
    return { tenant: (id) => inner.tenant(own + id), close: () => inner.close() }
  }
  const { histories: played, reach } = await explore({ connectors: CONNECTORS, runs: RUNS, seed: 20_261_122, storage })
  for (const code of ['approval_required', 'quota_exhausted'] as const) expect(reach.counts.get(code), code).toBeGreaterThan(1)
  return { cases: played }
}, 600_000)
