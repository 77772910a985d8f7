import type { Role } from '../roles/role.ts'

export type PrincipalKind = 'human' | 'service' | 'agent'

/** Who may act, as trusted state says. Claims of a token never add to it. */
export interface Principal {
  readonly id: string
  readonly kind: PrincipalKind
  readonly disabled: boolean
  /** The human being behind the account, within the tenant; for a service account its owner. */
  readonly person: string
  /** Bumped when all tokens of the principal end. */
  readonly epoch: number
  /** Tokens of external issuers issued at or before this moment (ms) are refused. */
  readonly revokedAt?: number | undefined
  /** Persons who created, own or last rotated a service account. */
  readonly keepers: readonly string[]
  /** Agent sessions only: for whom, by which client, and what the human granted. */
  readonly agent?: { readonly human: string; readonly client: string; readonly customers?: readonly string[]; readonly wholeTenant: boolean } | undefined
  /** Humans: since when the second factor in use is enrolled (ms); absent = always. */
  readonly secondFactorSince?: number | undefined
  /** Persons who invited, or reset the password or second factor, with the time (ms). */
  readonly touchedBy: readonly { readonly person: string; readonly at: number }[]
}

/** An API credential. Its written list is a union of `*`, `tool:<name>`, `category:<category>`; an empty list allows nothing. */
export interface Credential {
  readonly id: string
  readonly principal: string
  readonly epoch: number
  readonly revoked: boolean
  readonly scopes: readonly string[]
  /** ms; absent = never */
  readonly expiresAt?: number | undefined
  /** `h1:<pepper id>:<hex>`; never leaves the registry. */
  readonly secretHash?: string | undefined
}

export interface Binding {
  readonly principal: string
  readonly role: Role
  /** Absent = tenant-wide. */
  readonly customer?: string | undefined
  /** ms; absent = always */
  readonly since?: number | undefined
  /** ms; from that very moment the binding does not exist. */
  readonly until?: number | undefined
  /** The person who granted it. */
  readonly grantedBy?: string | undefined
}

export interface Customer {
  readonly id: string
  readonly name: string
  readonly active: boolean
}

/** What gates 1 to 3 need of one tenant, at one version. */
export interface Directory {
  readonly version: number
  /** When this was known to be the newest (ms). */
  readonly asOf: number
  readonly status: 'provisioning' | 'active' | 'shredded'
  readonly epoch: number
  /** By id. */
  readonly principals: ReadonlyMap<string, Principal>
  readonly credentials: ReadonlyMap<string, Credential>
  /** By principal id. */
  readonly bindings: ReadonlyMap<string, readonly Binding[]>
  readonly customers: ReadonlyMap<string, Customer>
  /** `issuer subject` of an external identity -> principal id; with an agent client `issuer subject client`. */
  readonly identities: ReadonlyMap<string, string>
}

/** Key of `Directory.identities`: JSON keeps (a, bc) and (ab, c) apart. */
export const identityKey = (issuer: string, subject: string, actor?: string): string =>
  JSON.stringify(actor === undefined ? [issuer, subject] : [issuer, subject, actor])
