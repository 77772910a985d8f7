import type { Ledger } from './ledger.ts'
import type { Log } from './log.ts'

/** Everything durable of one tenant. No verb behind it takes a tenant id. */
export interface TenantDoor {
  readonly ledger: Ledger
  readonly log: Log
  /**
   * Publishes the fingerprint of the tenant's facts and answers the authorization version: raised by one when the fingerprint is
   * new, durable before it answers. Admissions decided on an older version are sent back.
   */
  authorize(fingerprint: string): Promise<number>
}

/** The only door to tenant data. Rejects when a tenant's store cannot be reached; never falls back to another. */
export interface Storage {
  tenant(id: string): Promise<TenantDoor>
  close(): Promise<void>
}
