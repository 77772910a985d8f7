import type { Risk } from '../connectors/connector.ts'

/** The roles that a binding may carry. `customer_*` roles are always bound to a named customer. */
export const ROLES = [
  'tenant_owner', 'tenant_admin', 'tenant_billing_admin', 'tenant_operator', 'tenant_auditor', 'customer_operator', 'customer_viewer',
] as const
export type Role = (typeof ROLES)[number]

/** What a role may do with tools: call them by risk (destructive: request), and vote on approvals of others. */
export interface CallRights {
  readonly read: boolean
  readonly write: boolean
  readonly destructive: boolean
  readonly vote: boolean
}

const rights = (read: boolean, write: boolean, destructive: boolean, vote: boolean): CallRights => ({ read, write, destructive, vote })

/** The call table of the requirements, as data. */
export const CALL_TABLE: { readonly [R in Role]: CallRights } = {
  tenant_owner: rights(true, true, true, true),
  tenant_admin: rights(true, true, true, true),
  tenant_billing_admin: rights(false, false, false, false),
  tenant_operator: rights(true, true, true, false),
  tenant_auditor: rights(false, false, false, false),
  customer_operator: rights(true, true, true, false),
  customer_viewer: rights(true, false, false, false),
}

/** A set of roles as a bit mask: bit i is ROLES[i]. */
export type RoleMask = number

export const maskOf = (roles: Iterable<Role>): RoleMask => {
  let mask = 0
  for (const role of roles) mask |= 1 << ROLES.indexOf(role)
  return mask
}

const maskWhere = (holds: (rights: CallRights) => boolean): RoleMask => maskOf(ROLES.filter((role) => holds(CALL_TABLE[role])))

const MASK_BY_RISK: { readonly [R in Risk]: RoleMask } = {
  read: maskWhere((rights) => rights.read),
  write: maskWhere((rights) => rights.write),
  destructive: maskWhere((rights) => rights.destructive),
}
const BILLING_ONLY = maskOf(['tenant_billing_admin'])
const VOTERS = maskWhere((rights) => rights.vote)

/** Role x risk: one of the roles grants it. */
export const mayCall = (roles: RoleMask, risk: Risk): boolean => (roles & MASK_BY_RISK[risk]) !== 0

/** May learn that a classified tool exists: any covering role but billing (CH-15). */
export const mayKnow = (roles: RoleMask): boolean => (roles & ~BILLING_ONLY) !== 0

export const mayVote = (roles: RoleMask): boolean => (roles & VOTERS) !== 0
