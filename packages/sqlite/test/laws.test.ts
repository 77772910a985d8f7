import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifies } from '@portcullis/test-support'
import { manualClock, storageLaws } from '../../testing/src/index.ts'
import { sqliteStorage } from '@portcullis/sqlite'

/** Which requirement a law's subject is about. */
const PROVES: Readonly<Record<string, string[]>> = {
  log: ['AU-04', 'EM-02'], quota: ['CH-09', 'EM-02'], approval: ['AP-01', 'EM-02'], call: ['CH-12', 'EM-02'], idempotency: ['CH-14', 'EM-02'], tenant: ['IS-01', 'IS-06', 'EM-02'], standing: ['ID-06', 'EM-02'], model: ['EM-02', 'EM-04'],
}

const laws = storageLaws(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-laws-'))
  const clock = manualClock(Date.UTC(2026, 10, 22, 12))
  const open = () => sqliteStorage(folder, { clock, openFiles: 4 })
  let storage = open()
  return {
    storage, clock,
    async reopen() {
      await storage.close()
      storage = open()
      return storage
    },
    async dispose() {
      await storage.close()
      rmSync(folder, { recursive: true })
    },
  }
})

for (const { id, name, check } of laws) verifies(PROVES[id.split('/')[0]!]!, `SQLite keeps the law ${id}: ${name}`, check)
