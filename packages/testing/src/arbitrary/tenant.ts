import fc from 'fast-check'
import { ROLES, Secret, type WorldBinding, type WorldInstance, type WorldPrincipal, type WorldTenant } from '@portcullis/core'
import type { Definitions } from '../world/catalogue.ts'
import { fitting } from '../world/change.ts'
import { issuerOf } from '../world/tokens.ts'
import { KEYS } from '../world/vendor.ts'
import { BEGINNING } from '../world/virtual-clock.ts'
import { mostly, sometimes, weighted } from './weighted.ts'

/** The same ids and names in every tenant, on purpose: nothing but the tenant keeps them apart. */
export const CUSTOMERS = ['acme', 'globex', 'initech'] as const
export const AGENT_CLIENT = 'assistant'
const MINUTE = 60_000
const HOUR = 60 * MINUTE

const times = {
  since: weighted<number | undefined>([14, undefined], [3, BEGINNING - 48 * HOUR], [2, BEGINNING - HOUR], [1, BEGINNING], [1, BEGINNING + MINUTE]),
  until: weighted<number | undefined>([18, undefined], [1, BEGINNING - HOUR], [1, BEGINNING], [1, BEGINNING + MINUTE], [1, BEGINNING + 16 * MINUTE]),
}

export const binding = (usual: WorldBinding['role']): fc.Arbitrary<WorldBinding> =>
  fc
    .record({
      role: fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...ROLES) }),
      customer: sometimes(30, fc.constantFrom(...CUSTOMERS)), ...times, grantedBy: sometimes(20, fc.constantFrom('ann', 'bob')),
    })
    .map(({ role, customer, since, until, grantedBy }) => {
      const place = role === 'tenant_owner' ? undefined : role.startsWith('customer_') ? (customer ?? 'acme') : customer
      return { role, ...(place === undefined ? {} : { customer: place }), ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }), ...(grantedBy === undefined ? {} : { grantedBy }) }
    })

/** Usually somebody has at least what they are there for, and in full: refusals are easily met, what lies behind them is not. */
const bindings = (usual: WorldBinding['role']): fc.Arbitrary<readonly WorldBinding[]> => {
  const full: WorldBinding = usual.startsWith('customer_') ? { role: usual, customer: 'acme' } : { role: usual }
  return fc.oneof({ weight: 2, arbitrary: fc.array(binding(usual), { maxLength: 1 }).map((more) => [full, ...more]) }, { weight: 1, arbitrary: fc.array(binding(usual), { minLength: 1, maxLength: 3 }) })
}

const human = (tenant: string, id: string, usual: WorldBinding['role']): fc.Arbitrary<WorldPrincipal> =>
  fc
    .record({
      bindings: bindings(usual), disabled: mostly(false, true), revokedAt: mostly<number | undefined>(undefined, BEGINNING - 20_000, BEGINNING - HOUR),
      person: mostly(id, 'ann'), secondFactorSince: weighted<number | undefined>([8, undefined], [2, BEGINNING - 72 * HOUR], [1, BEGINNING - HOUR]),
      touched: sometimes(10, fc.constantFrom({ person: 'ann', at: BEGINNING - HOUR }, { person: 'bob', at: BEGINNING - 48 * HOUR })),
    })
    .map(({ bindings: held, disabled, revokedAt, person, secondFactorSince, touched }) => ({
      kind: 'human', identity: { issuer: issuerOf(tenant), subject: id }, bindings: held, disabled, person,
      ...(revokedAt === undefined ? {} : { revokedAt }), ...(secondFactorSince === undefined ? {} : { secondFactorSince }), ...(touched === undefined ? {} : { touchedBy: [touched] }),
    }))

/** Key ids are unique in a deployment; everything else about the accounts of two tenants may be equal. */
export const credentialOf = (tenant: string): string => `key${tenant}`.padEnd(10, '0').slice(0, 10)

const scopes = weighted<readonly string[]>([5, ['*']], [2, ['tool:psa.list_tickets', 'tool:psa.wipe_ticket', 'category:fleet']], [2, ['category:desk']], [1, []])

const service = (tenant: string): fc.Arbitrary<WorldPrincipal> =>
  fc
    .record({
      bindings: bindings('customer_operator'), scopes,
      keepers: weighted([3, ['ann']], [1, ['bob']], [1, []]), epoch: fc.nat(1), credentialEpoch: fc.nat(1), disabled: mostly(false, true), revoked: mostly(false, true),
      expiresAt: mostly<number | undefined>(undefined, BEGINNING - 1, BEGINNING + 2 * MINUTE),
    })
    .map(({ bindings: held, scopes: written, keepers, epoch, credentialEpoch, disabled, revoked, expiresAt }) => ({
      kind: 'service', keepers, bindings: held, epoch, disabled,
      credentials: [{ id: credentialOf(tenant), secretHash: `h1:0:${'0'.repeat(64)}`, scopes: written, epoch: credentialEpoch, revoked, ...(expiresAt === undefined ? {} : { expiresAt }) }],
    }))

const agent: fc.Arbitrary<WorldPrincipal> = fc
  .record({ human: weighted([2, 'ann'], [1, 'bob']), customers: sometimes(30, fc.subarray([...CUSTOMERS])), wholeTenant: sometimes(50, fc.boolean()), disabled: mostly(false, true) })
  .map(({ human: of, customers, wholeTenant, disabled }) => ({
    kind: 'agent', human: of, client: AGENT_CLIENT, disabled, grant: { ...(customers === undefined ? {} : { customers }), ...(wholeTenant === undefined || customers !== undefined ? {} : { wholeTenant }) },
  }))

const state = fc.record({
  configuration: mostly('configured', 'not_started', 'in_progress', 'invalid'),
  health: weighted<'healthy' | 'degraded' | 'broken' | 'unknown'>([14, 'healthy'], [3, 'degraded'], [1, 'broken'], [1, 'unknown']),
  activation: mostly('active', 'inactive', 'disabled'),
})
const check = sometimes(20, fc.record({ at: fc.constantFrom(BEGINNING, BEGINNING, BEGINNING - 4 * MINUTE), everyMs: fc.constantFrom(MINUTE, HOUR, 24 * HOUR), configuration: fc.constantFrom(1, 1, 1, 2) }))

function instance(connector: string, tool: string, definitions: Definitions, more: Partial<WorldInstance>): fc.Arbitrary<WorldInstance> {
  const pin = weighted<string | undefined>([7, undefined], [2, definitions(connector, tool)], [2, 'f'.repeat(64)])
  return fc.record({ state, check, pin, mapped: fc.array(mostly(true, false), { minLength: 3, maxLength: 3 }) }).map(({ state: axes, check: checked, pin: hash, mapped }) => ({
    connector, settings: { baseUrl: 'https://vendor.example' }, credential: () => Secret.of({ apiKey: 'key-of-the-vendor' }), configuration: 1, state: axes as NonNullable<WorldInstance['state']>,
    mapping: Object.fromEntries(CUSTOMERS.filter((_, index) => mapped[index]).map((customer) => [customer, KEYS[customer] ?? 0])),
    ...(checked === undefined ? {} : { check: checked }), ...(hash === undefined ? {} : { pins: { [tool]: hash } }), ...more,
  }))
}

const limits = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ included: 1000, overage: false, tenantPerMinute: 60, principalPerMinute: 60 }) },
  { weight: 1, arbitrary: fc.record({ included: fc.constantFrom(0, 1, 2), overage: fc.boolean(), tenantPerMinute: fc.constantFrom(2, 3, 60), principalPerMinute: fc.constantFrom(1, 2, 60) }) },
)

/** One tenant: accounts `ann`, `bob`, `cat` (humans), `bot` (service), `ant` (agent); a shared and two bound instances, and `self`. */
export function tenantArbitrary(tenant: string, definitions: Definitions): fc.Arbitrary<WorldTenant> {
  const of = (customer: (typeof CUSTOMERS)[number]): Partial<WorldInstance> => ({ alias: 'rmm', customer, mapping: { [customer]: KEYS[customer] ?? 0 } })
  return fc
    .record({
      status: weighted<'active' | 'provisioning' | 'shredded'>([60, 'active'], [1, 'provisioning'], [1, 'shredded']),
      subscription: weighted<'active' | 'read_only' | 'suspended'>([16, 'active'], [1, 'read_only'], [1, 'suspended']),
      limits, minimumPolicy: weighted([40, 1], [1, 2]), epoch: fc.nat(1), customers: fc.constantFrom(1, 2, 2, 3, 3, 3), inactive: sometimes(15, fc.nat(2)),
      ann: human(tenant, 'ann', 'tenant_operator'), bob: human(tenant, 'bob', 'tenant_admin'), cat: human(tenant, 'cat', 'customer_operator'), bot: service(tenant), ant: agent,
      psa: instance('psa', 'list_tickets', definitions, {}), rmmAcme: instance('rmm', 'list_hosts', definitions, of('acme')),
      rmmGlobex: instance('rmm', 'wipe', definitions, of('globex')), self: instance('self', 'notices', definitions, { alias: '' }),
      entitlements: fc.record({ psa: mostly('entitled', 'suspended', 'not_entitled'), rmm: mostly('entitled', 'suspended', 'not_entitled'), self: fc.constant('entitled') }),
    })
    .map(({ customers: count, inactive, ann, bob, cat, bot, ant, psa, rmmAcme, rmmGlobex, self, entitlements, ...plain }): WorldTenant => {
      const names = CUSTOMERS.slice(0, count)
      const customers = Object.fromEntries(names.map((name, index) => [name, { name: `The ${name} company`, active: index !== inactive }]))
      const fit = (account: WorldPrincipal): WorldPrincipal => (account.kind === 'agent' ? account : { ...account, bindings: fitting({ customers }, account.kind, account.bindings) })
      const known = (before: WorldInstance): WorldInstance => ({ ...before, mapping: Object.fromEntries(Object.entries(before.mapping).filter(([name]) => customers[name] !== undefined)) })
      return {
        ...plain, customers, entitlements: entitlements as WorldTenant['entitlements'],
        principals: { ann: fit(ann), bob: fit(bob), cat: fit(cat), bot: fit(bot), ant },
        instances: { psa: known(psa), rmm_acme: rmmAcme, ...(count > 1 ? { rmm_globex: rmmGlobex } : {}), self: known(self) },
      }
    })
}
