import { Secret, type World, type WorldBinding, type WorldInstance, type WorldPrincipal, type WorldTenant } from '@portcullis/core'
import { CUSTOMERS, HALO_CLIENT_IDS, HALO_CREDENTIALS, HUDU_COMPANY_IDS, HUDU_CREDENTIALS, MSPS, type Msp } from './vendors/world.ts'

/** What differs from one set-up of this example to the next: addresses, and the public halves of what was made for it. */
export interface Site {
  readonly halo: string
  readonly hudu: string
  readonly msps: Readonly<Record<Msp, SiteOfMsp>>
}

/** What an MSP has booked. Absent: active, with the usual limits. */
export type Plan = Pick<WorldTenant, 'subscription' | 'limits'>

export interface SiteOfMsp {
  readonly plan?: Plan
  readonly issuer: string
  readonly jwks: { readonly keys: readonly object[] }
  /** Of each service account: the id and the hash of its secret. */
  readonly credentials: Readonly<Record<ServiceAccount, { readonly id: string; readonly secretHash: string }>>
}

/** One service account for each role that service accounts may hold, and one with a different role at each of two customers. */
export const SERVICE_ACCOUNTS = {
  'admin-bot': [{ role: 'tenant_admin' }],
  'billing-bot': [{ role: 'tenant_billing_admin' }],
  'operator-bot': [{ role: 'tenant_operator' }],
  'auditor-bot': [{ role: 'tenant_auditor' }],
  'acme-operator-bot': [{ role: 'customer_operator', customer: 'acme' }],
  'acme-viewer-bot': [{ role: 'customer_viewer', customer: 'acme' }],
  'field-bot': [{ role: 'customer_operator', customer: 'acme' }, { role: 'customer_viewer', customer: 'globex' }],
} as const satisfies Readonly<Record<string, readonly WorldBinding[]>>
export type ServiceAccount = keyof typeof SERVICE_ACCOUNTS

export const PEOPLE = { olivia: 'tenant_owner', adam: 'tenant_admin', oscar: 'tenant_operator', audrey: 'tenant_auditor' } as const
export type Person = keyof typeof PEOPLE

/** The client whose sessions act for Adam. */
export const ASSISTANT = 'desk-assistant'

/** MSPs with the same customers, people, accounts and ids, on purpose: nothing but the tenant tells them apart. */
export function world(site: Site): World {
  return {
    tenants: Object.fromEntries(MSPS.map((msp) => [msp, tenant(msp, site)])),
    issuers: MSPS.map((msp) => ({ tenant: msp, issuer: site.msps[msp].issuer, jwks: site.msps[msp].jwks })),
  }
}

function tenant(msp: Msp, site: Site): WorldTenant {
  return {
    ...site.msps[msp].plan,
    customers: Object.fromEntries(CUSTOMERS.map(({ slug, name }) => [slug, { name }])),
    principals: { ...people(site.msps[msp]), ...serviceAccounts(site.msps[msp]), 'adams-assistant': { kind: 'agent', human: 'adam', client: ASSISTANT, grant: {} } },
    entitlements: { halopsa: 'entitled', hudu: 'entitled' },
    instances: { halo: halo(msp, site.halo), hudu: hudu(msp, site.hudu) },
  }
}

/** Who is human stands here. A token only says who signed in. */
const people = ({ issuer }: SiteOfMsp): Record<string, WorldPrincipal> =>
  Object.fromEntries(Object.entries(PEOPLE).map(([person, role]) => [person, { kind: 'human', identity: { issuer, subject: person }, bindings: [{ role }] }]))

const serviceAccounts = ({ credentials }: SiteOfMsp): Record<string, WorldPrincipal> =>
  Object.fromEntries(
    Object.entries(SERVICE_ACCOUNTS).map(([account, bindings]) => [
      account,
      { kind: 'service', keepers: ['oscar'], bindings, credentials: [{ ...credentials[account as ServiceAccount], scopes: ['*'] }] },
    ]),
  )

/** One key per MSP that sees all its customers; the mapping says which of the vendor's customers is which of ours. */
const halo = (msp: Msp, baseUrl: string): WorldInstance => ({
  connector: 'halopsa', settings: { baseUrl }, credential: () => Secret.of(HALO_CREDENTIALS[msp]), mapping: HALO_CLIENT_IDS,
})

const hudu = (msp: Msp, baseUrl: string): WorldInstance => ({
  connector: 'hudu', settings: { baseUrl }, credential: () => Secret.of(HUDU_CREDENTIALS[msp]), mapping: HUDU_COMPANY_IDS,
})
