import { embeddedLedger } from '../ledger/embedded.ts'
import type { Clock } from '../ports/clock.ts'
import type { Storage, TenantDoor } from '../ports/storage.ts'
import { published, requiring, revoking } from '../tenancy/standing.ts'
import { MemoryStore } from './memory-store.ts'
import { systemClock } from './system-clock.ts'

/** Storage that ends with the process: the reference adapter. */
export function memoryStorage({ clock = systemClock }: { readonly clock?: Clock } = {}): Storage {
  const doors = new Map<string, TenantDoor>()
  return {
    async tenant(id) {
      const known = doors.get(id)
      if (known !== undefined) return known
      const store = new MemoryStore()
      const door: TenantDoor = {
        ledger: embeddedLedger(store, clock),
        log: store.log,
        authorize: async (fingerprint) => store.change((standing) => published(standing, fingerprint)).authorization,
        standing: async () => store.change((standing) => standing),
        revoke: async (holder) => store.change((standing) => revoking(standing, holder, clock.now())),
        requirePolicy: async (version) => store.change((standing) => requiring(standing, version)),
      }
      doors.set(id, door)
      return door
    },
    async close() {
      doors.clear()
    },
  }
}
