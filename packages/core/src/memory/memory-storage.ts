import { embeddedLedger } from '../ledger/embedded.ts'
import type { Clock } from '../ports/clock.ts'
import type { Storage, TenantDoor } from '../ports/storage.ts'
import { MemoryStore } from './memory-store.ts'
import { systemClock } from './system-clock.ts'

/** Storage that ends with the process: the reference adapter. */
export function memoryStorage(options: { readonly clock?: Clock } = {}): Storage {
  const doors = new Map<string, TenantDoor>()
  return {
    async tenant(id) {
      const known = doors.get(id)
      if (known !== undefined) return known
      const store = new MemoryStore()
      const door: TenantDoor = {
        ledger: embeddedLedger(store, options.clock ?? systemClock),
        log: store.log,
        authorize: async (fingerprint) => store.authorize(fingerprint),
      }
      doors.set(id, door)
      return door
    },
    async close() {
      doors.clear()
    },
  }
}
