import type { CustomerKey } from '../connectors/connector.ts'
import type { InstanceState } from '../connectors/state.ts'
import type { Role } from '../roles/role.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Limits, SubscriptionStatus } from '../tenancy/snapshot.ts'

/** Times are ms since the epoch. */
export interface WorldBinding {
  readonly role: Role
  /** Absent = tenant-wide. */
  readonly customer?: string
  readonly since?: number
  readonly until?: number
  /** A person. */
  readonly grantedBy?: string
}

export interface WorldCredential {
  /** The key id inside the shown-once secret. */
  readonly id: string
  /** What `npx portcullis secret` printed beside the secret. */
  readonly secretHash: string
  /** `*`, `tool:<name>`, `category:<category>`: a union; an empty list allows nothing. */
  readonly scopes: readonly string[]
  readonly expiresAt?: number
  readonly revoked?: boolean
  readonly epoch?: number
}

interface WorldAccount {
  readonly disabled?: boolean
  readonly epoch?: number
  readonly revokedAt?: number
}

export type WorldPrincipal =
  | (WorldAccount & {
      readonly kind: 'human'
      /** Who the tenant's identity provider says it is; never an e-mail address. */
      readonly identity: { readonly issuer: string; readonly subject: string }
      /** Two accounts of one human being name the same person. Absent = the account's own id. */
      readonly person?: string
      readonly bindings: readonly WorldBinding[]
      readonly secondFactorSince?: number
      readonly touchedBy?: readonly { readonly person: string; readonly at: number }[]
    })
  | (WorldAccount & {
      readonly kind: 'service'
      /** Persons who created, own or last rotated it. */
      readonly keepers: readonly string[]
      readonly credentials: readonly WorldCredential[]
      readonly bindings: readonly WorldBinding[]
    })
  | (WorldAccount & {
      readonly kind: 'agent'
      /** The principal that it acts for, and the name of its client (`act.sub` in its tokens). */
      readonly human: string
      readonly client: string
      /** Absent customers = all of the human's; whole-tenant reach only when it is granted here, and then without customers. */
      readonly grant: { readonly customers?: readonly string[]; readonly wholeTenant?: boolean }
    })

export interface WorldInstance {
  readonly connector: string
  /** The first part of its tools' names; absent = the instance's id. */
  readonly alias?: string
  /** Bound to one customer; absent = shared. */
  readonly customer?: string
  readonly settings: unknown
  readonly credential: () => Secret
  /** Customer -> the vendor's key. */
  readonly mapping: Readonly<Record<string, CustomerKey>>
  /** Absent axes: configured, healthy, active. */
  readonly state?: Partial<Omit<InstanceState, 'entitlement'>>
  readonly check?: { readonly at: number; readonly everyMs: number; readonly configuration: number }
  readonly configuration?: number
  readonly pins?: Readonly<Record<string, string>>
}

export interface WorldTenant {
  readonly status?: 'provisioning' | 'active' | 'shredded'
  readonly subscription?: SubscriptionStatus
  readonly limits?: Partial<Limits>
  readonly minimumPolicy?: number
  readonly epoch?: number
  readonly customers: Readonly<Record<string, { readonly name?: string; readonly active?: boolean }>>
  readonly principals: Readonly<Record<string, WorldPrincipal>>
  /** By connector id; absent = not entitled. */
  readonly entitlements: Readonly<Record<string, 'not_entitled' | 'entitled' | 'suspended'>>
  readonly instances: Readonly<Record<string, WorldInstance>>
}

/**
 * A read-only control plane as one typed literal: for the first ten minutes and for tests. Tenants by id; each issuer belongs to
 * exactly one of them.
 */
export interface World {
  readonly tenants: Readonly<Record<string, WorldTenant>>
  readonly issuers?: readonly { readonly issuer: string; readonly tenant: string; readonly audience?: string; readonly jwks: { readonly keys: readonly object[] } }[]
}

export const DEFAULT_LIMITS: Limits = { included: 100_000, overage: false, tenantPerMinute: 6_000, principalPerMinute: 1_200 }
