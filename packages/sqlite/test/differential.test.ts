import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { sqliteStorage } from '@portcullis/sqlite'
import { explore } from '../../testing/src/index.ts'
import { CONNECTORS } from '../../testing/test/pretend/connectors.ts'

const RUNS = 1_000
/** In memory where the system has such a place: what a file system does with the bytes is proven elsewhere, here a thousand stores are opened. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

verifies(['EM-02', 'CH-10', 'CH-09'], 'random histories on SQLite go as the oracle says', async () => {
  const { histories, reach } = await explore({
    connectors: CONNECTORS, runs: RUNS, seed: 20_261_130,
    storage: (clock) => {
      const folder = mkdtempSync(join(PLACE, 'portcullis-differential-'))
      const storage = sqliteStorage(folder, { clock })
      return {
        tenant: (id) => storage.tenant(id),
        close: async () => {
          await storage.close()
          rmSync(folder, { recursive: true })
        },
      }
    },
  })
  for (const code of ['approval_required', 'approval_pending', 'quota_exhausted', 'approval_consumed'] as const) expect(reach.counts.get(code), code).toBeGreaterThan(1)
  return { cases: histories }
}, 600_000)
