import type { Standing, TokenHolder } from '../tenancy/standing.ts'
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
  standing(): Promise<Standing>
  /** Ends every token that the holder was given so far. Durable before it answers, and every admission decided before it is sent back. */
  revoke(holder: TokenHolder): Promise<Standing>
  /** From now on, builds with an older policy version decide nothing about this tenant. Never lowers it. */
  requirePolicy(version: number): Promise<Standing>
}

/** The only door to tenant data. Rejects when a tenant's store cannot be reached; never falls back to another. */
export interface Storage {
  tenant(id: string): Promise<TenantDoor>
  /**
   * Where several processes share the store: of the tenants asked about, the standing of those whose authorization version is not the
   * one given, and `unknown` for those whose store cannot tell. One question for all of them. Absent = nobody else changes anything.
   */
  changed?(known: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, Standing | 'unknown'>>
  close(): Promise<void>
}
