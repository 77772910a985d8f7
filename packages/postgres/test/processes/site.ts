import { Secret, type World, type WorldTenant } from '@portcullis/core'
import type { Connection } from '../../../../test-support/postgres-server.ts'

/** What all processes of a deployment are given: the same, in JSON. */
export interface Site {
  readonly connection: Connection
  readonly role: string
  /** The public url of all of them, and the audience of every token. */
  readonly url: string
  readonly jwk: object
  /** Of the service account `bot`, one credential a tenant. */
  readonly credentials: Readonly<Record<string, { readonly id: string; readonly secretHash: string }>>
  readonly tenants: Readonly<Record<string, Pick<WorldTenant, 'limits' | 'minimumPolicy'>>>
}

/** The key of the deployment, in each process. */
export const KEY = new Uint8Array(32).fill(7)
export const issuerOf = (tenant: string): string => `https://login.${tenant}.example`

/** The same people and customers in each tenant. */
export function worldOf({ tenants, credentials, jwk }: Site): World {
  const human = (tenant: string, subject: string, role: 'tenant_owner' | 'tenant_operator' | 'tenant_billing_admin') =>
    ({ kind: 'human', identity: { issuer: issuerOf(tenant), subject }, bindings: [{ role }] }) as const
  const tenantOf = (tenant: string): WorldTenant => ({
    ...tenants[tenant],
    customers: { acme: {}, globex: {} },
    principals: {
      owner: human(tenant, 'owner', 'tenant_owner'), operator: human(tenant, 'operator', 'tenant_operator'), billing: human(tenant, 'billing', 'tenant_billing_admin'),
      viewer: { kind: 'human', identity: { issuer: issuerOf(tenant), subject: 'viewer' }, bindings: [{ role: 'customer_viewer', customer: 'acme' }] },
      bot: { kind: 'service', keepers: ['owner'], bindings: [{ role: 'customer_operator', customer: 'acme' }], credentials: [{ ...credentials[tenant]!, scopes: ['*'] }] },
    },
    entitlements: { psa: 'entitled' },
    instances: { psa: { connector: 'psa', settings: { baseUrl: 'https://psa.example' }, credential: () => Secret.of({ apiKey: 'a-key-of-the-vendor' }), mapping: { acme: 10, globex: 20 } } },
  })
  return {
    tenants: Object.fromEntries(Object.keys(tenants).map((tenant) => [tenant, tenantOf(tenant)])),
    issuers: Object.keys(tenants).map((tenant) => ({ tenant, issuer: issuerOf(tenant), jwks: { keys: [jwk] } })),
  }
}
