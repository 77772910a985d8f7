import type { StaticIssuer } from '../identity/verifier.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Directory } from '../tenancy/directory.ts'
import type { Snapshot } from '../tenancy/snapshot.ts'

/** Trusted state, read side. What it answers is checked for age and version, and a rejection refuses the call. */
export interface ControlPlane {
  /** Static issuers, each of exactly one tenant. */
  issuers(): readonly StaticIssuer[]
  /** The tenant of a shown-once secret, by its key id. Nothing else maps a credential to a tenant. */
  credentialTenant(keyId: string): string | undefined
  tenants(): readonly string[]
  directory(tenant: string): Promise<Directory>
  snapshot(tenant: string): Promise<Snapshot>
  /**
   * For the broker alone, at the moment of dispatch. Undefined unless the instance still has this configuration version: a credential
   * that was entered for another address must never be sent to the old one (CO-08).
   */
  credential(tenant: string, instance: string, configuration: number): Promise<Secret | undefined>
  /** An admission met this authorization version: whatever is answered from now on is of it or newer. Where nobody else changes facts, absent. */
  outdated?(tenant: string, authorization: number): void
  /** Told after each change of a tenant. */
  onChange(listener: (tenant: string) => void): () => void
}
