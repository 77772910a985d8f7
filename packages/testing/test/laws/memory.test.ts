import { memoryStorage } from '@portcullis/core/memory'
import { verifies } from '@portcullis/test-support'
import { manualClock, storageLaws } from '@portcullis/testing'

/** Which requirement a law's subject is about. */
const PROVES: Readonly<Record<string, string[]>> = {
  log: ['AU-04', 'EM-04'], quota: ['CH-09', 'EM-04'], approval: ['AP-01', 'EM-04'], call: ['CH-12', 'EM-04'], idempotency: ['CH-14', 'EM-04'], tenant: ['IS-01', 'IS-06', 'EM-04'], standing: ['ID-06', 'EM-04'], model: ['EM-02', 'EM-04'],
}

const laws = storageLaws(async () => {
  const clock = manualClock(Date.UTC(2026, 10, 22, 12))
  const storage = memoryStorage({ clock })
  return { storage, clock, dispose: () => storage.close() }
})

for (const { id, name, check } of laws) verifies(PROVES[id.split('/')[0]!]!, `memory keeps the law ${id}: ${name}`, check)
