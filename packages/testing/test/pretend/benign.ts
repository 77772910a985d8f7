import { Secret, type World, type WorldTenant } from '@portcullis/core'
import { issuerOf, issuersOf } from '../../src/world/tokens.ts'

const human = (tenant: string, subject: string, role: 'tenant_operator' | 'tenant_admin') => ({ kind: 'human' as const, identity: { issuer: issuerOf(tenant), subject }, bindings: [{ role }] })

const tenant = (id: string): WorldTenant => ({
  customers: { acme: {}, globex: {} },
  principals: { ann: human(id, 'ann', 'tenant_operator'), bob: human(id, 'bob', 'tenant_admin') },
  entitlements: { psa: 'entitled' },
  instances: { psa: { connector: 'psa', settings: { baseUrl: 'https://vendor.example' }, credential: () => Secret.of({ apiKey: 'key-of-the-vendor' }), mapping: { acme: 10, globex: 20 } } },
})

/** Two tenants in which nothing is wrong. */
export const BENIGN: World = { tenants: { north: tenant('north'), south: tenant('south') }, issuers: issuersOf(['north', 'south']) }
