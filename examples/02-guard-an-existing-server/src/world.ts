import { ownInstance, type World, type WorldBinding, type WorldTenant } from '@portcullis/core'

export const TENANTS = ['northwind', 'southridge'] as const
export type Tenant = (typeof TENANTS)[number]

/** Service accounts of each tenant, with what they may do. */
export const ACCOUNTS = {
  'desk-bot': { bindings: [{ role: 'tenant_operator' }], scopes: ['*'] },
  'report-bot': { bindings: [{ role: 'tenant_operator' }], scopes: ['tool:list_tickets'] },
  'audit-bot': { bindings: [{ role: 'tenant_auditor' }], scopes: ['*'] },
  'billing-bot': { bindings: [{ role: 'tenant_billing_admin' }], scopes: ['*'] },
} as const satisfies Readonly<Record<string, { readonly bindings: readonly WorldBinding[]; readonly scopes: readonly string[] }>>
export type Account = keyof typeof ACCOUNTS

/** Public halves alone: hashes of the accounts' secrets, the keys that people's tokens are signed with. */
export interface Public {
  readonly credentials: Readonly<Record<Account, { readonly id: string; readonly secretHash: string }>>
  readonly issuer: string
  readonly jwks: { readonly keys: readonly object[] }
}

export const world = (publics: Readonly<Record<Tenant, Public>>): World => ({
  tenants: Object.fromEntries(TENANTS.map((tenant) => [tenant, worldOf(publics[tenant])])),
  issuers: TENANTS.map((tenant) => ({ tenant, issuer: publics[tenant].issuer, jwks: publics[tenant].jwks })),
})

/** The server is an instance of the connector `self`: without a prefix to its names, and without a vendor behind it. */
const worldOf = ({ credentials, issuer }: Public): WorldTenant => ({
  customers: {},
  principals: {
    olivia: { kind: 'human', identity: { issuer, subject: 'olivia' }, bindings: [{ role: 'tenant_owner' }] },
    oscar: { kind: 'human', identity: { issuer, subject: 'oscar' }, bindings: [{ role: 'tenant_operator' }] },
    ...Object.fromEntries(
      Object.entries(ACCOUNTS).map(([name, { bindings, scopes }]) => [
        name,
        { kind: 'service', keepers: ['oscar'], bindings, credentials: [{ ...credentials[name as Account], scopes }] } as const,
      ]),
    ),
  },
  entitlements: { self: 'entitled' },
  instances: { desk: ownInstance() },
})
