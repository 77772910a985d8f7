import { createHash } from 'node:crypto'
import type { Connector } from '../connectors/connector.ts'
import { Fault } from '../fault.ts'
import { canonicalJson } from '../json/canonical.ts'
import { identityKey, type Binding, type Credential, type Directory, type Principal } from '../tenancy/directory.ts'
import type { Instance, NamedTool, Snapshot } from '../tenancy/snapshot.ts'
import { DEFAULT_LIMITS, type WorldInstance, type WorldPrincipal, type WorldTenant } from './world.ts'

export type TenantFacts = { readonly directory: Omit<Directory, 'version' | 'asOf'>; readonly snapshot: Omit<Snapshot, 'version' | 'asOf'>; readonly fingerprint: string }

/** One tenant of a world as the chain wants it. Throws `world_invalid` for what no schema sees: aliases, mappings, names that do not exist. */
export function compileTenant(id: string, tenant: WorldTenant, connectors: ReadonlyMap<string, Connector>): TenantFacts {
  const wrong = (where: string, what: string): Fault => new Fault('world_invalid', `world.tenants.${id}.${where}: ${what}.`)
  const instances = Object.entries(tenant.instances)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, instance]) => compileInstance(name, instance, tenant, connectors, (what) => wrong(`instances.${name}`, what)))
  checkAliases(instances, (name, what) => wrong(`instances.${name}`, what))
  return {
    directory: compileDirectory(tenant, wrong),
    snapshot: {
      minimumPolicy: tenant.minimumPolicy ?? 1,
      subscription: tenant.subscription ?? 'active',
      entitlements: new Map(Object.entries(tenant.entitlements)),
      instances,
      tools: nameTools(instances),
      limits: { ...DEFAULT_LIMITS, ...said(tenant.limits) },
    },
    fingerprint: fingerprintOf(tenant, instances),
  }
}

/** Said by the world, or 1: whoever changes settings or credential of a running deployment says another. */
export const configurationOf = ({ configuration }: WorldInstance): number => configuration ?? 1

function compileDirectory(tenant: WorldTenant, wrong: (where: string, what: string) => Fault): TenantFacts['directory'] {
  const principals = new Map<string, Principal>()
  const credentials = new Map<string, Credential>()
  const bindings = new Map<string, readonly Binding[]>()
  const identities = new Map<string, string>()
  for (const [id, account] of Object.entries(tenant.principals)) {
    const place = `principals.${id}`
    principals.set(id, principalOf(id, account))
    if (account.kind === 'agent') {
      const human = tenant.principals[account.human]
      if (human?.kind !== 'human') throw wrong(place, 'an agent acts for a human principal of this tenant')
      identify(identityKey(human.identity.issuer, human.identity.subject, account.client), id, place)
      continue
    }
    for (const { role, customer } of account.bindings) {
      if (role.startsWith('customer_') && customer === undefined) throw wrong(place, `${role} is always bound to a customer`)
      if (role === 'tenant_owner' && (customer !== undefined || account.kind === 'service')) throw wrong(place, 'tenant_owner is tenant-wide and for humans')
      if (customer !== undefined && tenant.customers[customer] === undefined) throw wrong(place, 'a binding names a customer that does not exist')
    }
    bindings.set(id, account.bindings.map((binding) => ({ ...binding, principal: id })))
    if (account.kind === 'human') identify(identityKey(account.identity.issuer, account.identity.subject), id, place)
    else for (const { epoch = 0, revoked = false, ...credential } of account.credentials) credentials.set(credential.id, { ...credential, principal: id, epoch, revoked })
  }
  return {
    status: tenant.status ?? 'active', epoch: tenant.epoch ?? 0, principals, credentials, bindings, identities,
    customers: new Map(Object.entries(tenant.customers).map(([id, { name = id, active = true }]) => [id, { id, name, active }])),
  }

  function identify(key: string, id: string, place: string): void {
    if (identities.has(key)) throw wrong(place, 'another principal has the same identity')
    identities.set(key, id)
  }
}

function principalOf(id: string, account: WorldPrincipal): Principal {
  const base = { id, kind: account.kind, disabled: account.disabled ?? false, epoch: account.epoch ?? 0, revokedAt: account.revokedAt, person: id, keepers: [], touchedBy: [] }
  switch (account.kind) {
    case 'human':
      return { ...base, person: account.person ?? id, touchedBy: account.touchedBy ?? [], secondFactorSince: account.secondFactorSince }
    case 'service':
      return { ...base, keepers: account.keepers }
    case 'agent':
      return { ...base, agent: { human: account.human, client: account.client, wholeTenant: account.grant.wholeTenant ?? false, ...(account.grant.customers === undefined ? {} : { customers: account.grant.customers }) } }
  }
}

function compileInstance(
  id: string, instance: WorldInstance, tenant: WorldTenant, connectors: ReadonlyMap<string, Connector>, wrong: (what: string) => Fault,
): Instance {
  const connector = connectors.get(instance.connector)
  if (connector === undefined) throw wrong('there is no connector of that id in `connectors`')
  const settings = connector.settings.safeParse(instance.settings)
  const keys = Object.values(instance.mapping)
  if (Object.keys(instance.mapping).some((customer) => tenant.customers[customer] === undefined)) throw wrong('the mapping names a customer that does not exist')
  if (new Set(keys.map((key) => JSON.stringify(key))).size < keys.length) throw wrong('two customers are mapped to one vendor key')
  if (keys.some((key) => !connector.customer.safeParse(key).success)) throw wrong("a vendor key does not fit the connector's `customer` schema")
  if (instance.customer !== undefined && (instance.mapping[instance.customer] === undefined || keys.length > 1)) throw wrong('an instance bound to a customer maps exactly that customer')
  return {
    id, alias: instance.alias ?? id, connector, settings: settings.success ? settings.data : undefined,
    ...(instance.customer === undefined ? {} : { customer: instance.customer }), check: instance.check,
    state: {
      entitlement: tenant.entitlements[instance.connector] ?? 'not_entitled', configuration: 'configured', health: 'healthy', activation: 'active', ...said(instance.state),
      ...(settings.success ? {} : { configuration: 'invalid' as const }),
    },
    configuration: configurationOf(instance), mapping: new Map(Object.entries(instance.mapping)), pins: new Map(Object.entries(instance.pins ?? {})),
  }
}

/** A member that is undefined says nothing, and takes no default away. */
const said = <T extends object>(value: T | undefined): Partial<T> => Object.fromEntries(Object.entries(value ?? {}).filter(([, member]) => member !== undefined)) as Partial<T>

/** Unique among shared instances and per customer among bound ones; a bound alias never equals a shared one (CO-09). */
function checkAliases(instances: readonly Instance[], wrong: (id: string, what: string) => Fault): void {
  const shared = new Set<string>()
  const bound = new Set<string>()
  for (const { id, alias, customer } of instances) {
    const key = customer === undefined ? alias : JSON.stringify([alias, customer])
    const taken = customer === undefined ? shared : bound
    if (taken.has(key)) throw wrong(id, `another instance has the alias ${JSON.stringify(alias)}`)
    taken.add(key)
  }
  for (const { id, alias, customer } of instances) if (customer !== undefined && shared.has(alias)) throw wrong(id, `a shared instance has the alias ${JSON.stringify(alias)}`)
}

function nameTools(instances: readonly Instance[]): ReadonlyMap<string, readonly NamedTool[]> {
  const named = instances.flatMap((instance) =>
    [...instance.connector.tools.values()].map((tool): NamedTool => ({ name: instance.alias === '' ? tool.name : `${instance.alias}.${tool.name}`, tool, instance })),
  )
  return new Map([...Map.groupBy(named, ({ name }) => name)].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Everything that a decision may rest on: definitions of tools and the mapping too, credentials' values never. */
function fingerprintOf(tenant: WorldTenant, instances: readonly Instance[]): string {
  const definitions = instances.map(({ id, connector }) => [id, [...connector.tools.values()].map(({ name, hash }) => [name, hash])])
  const facts: unknown = JSON.parse(JSON.stringify([tenant, definitions]))
  return createHash('sha256').update(canonicalJson(facts)).digest('hex')
}
