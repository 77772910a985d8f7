import type { Role, WorldInstance } from '@portcullis/core'
import { CATALOGUE, type ConnectorFacts, type Definitions, type ToolFacts } from '../world/catalogue.ts'
import { no, type Stopped } from './expected.ts'
import type { Entered, Person } from './request.ts'

/** A tool as one tenant has it. */
export interface Found {
  readonly name: string
  readonly facts: ToolFacts
  readonly connector: ConnectorFacts
  readonly instanceId: string
  readonly instance: WorldInstance
}

/** All tools of a tenant under their names; several of one name where customers have instances of their own. */
function toolsOf({ facts }: Person): readonly Found[] {
  return Object.entries(facts.instances).flatMap(([instanceId, instance]) => {
    const connector = CATALOGUE.find(({ id }) => id === instance.connector)
    const alias = instance.alias ?? instanceId
    return (connector?.tools ?? []).map((tool): Found => ({ name: alias === '' ? tool.name : `${alias}.${tool.name}`, facts: tool, connector: connector as ConnectorFacts, instanceId, instance }))
  })
}

/** CH-15: which tools a caller may know at all. */
export function known({ person, customer, roles }: Entered): readonly Found[] {
  if (roles.every((role) => role === 'tenant_billing_admin')) return []
  const open = toolsOf(person).filter(({ instance }) => customer === undefined || instance.customer === undefined || instance.customer === customer)
  const names = [...new Set(open.map(({ name }) => name))]
  return names.flatMap((name) => open.find((found) => found.name === name && found.instance.customer === undefined) ?? open.find((found) => found.name === name) ?? [])
}

/** The table of RO: who may call tools. */
const CALLERS: Readonly<Record<ToolFacts['risk'], readonly Role[]>> = {
  read: ['tenant_owner', 'tenant_admin', 'tenant_operator', 'customer_operator', 'customer_viewer'],
  write: ['tenant_owner', 'tenant_admin', 'tenant_operator', 'customer_operator'],
  destructive: ['tenant_owner', 'tenant_admin', 'tenant_operator', 'customer_operator'],
}

const QUARTER = 15 * 60

export function hasFreshFactor({ account, token }: Pick<Person, 'account' | 'token'>): boolean {
  if (account.kind === 'service' || token.signedInAgo === undefined || token.signedInAgo > QUARTER) return false
  const methods = token.methods ?? []
  return methods.includes('mfa') || (methods.includes('pwd') && methods.includes('otp'))
}

/** Gates 5 to 8, but for the arguments: CH-05 to CH-08. */
export function mayCall(entered: Entered, found: Found, now: number, definitions: Definitions): Stopped | undefined {
  const { person, customer, roles } = entered
  const { facts: tenant, account, token } = person
  const { facts: tool, instance, connector } = found
  const subscription = tenant.subscription ?? 'active'
  if (subscription === 'suspended') return no('subscription', 'subscription_suspended')
  if (subscription === 'read_only' && tool.risk !== 'read') return no('subscription', 'subscription_read_only')

  const entitlement = tenant.entitlements[instance.connector] ?? 'not_entitled'
  if (entitlement === 'not_entitled') return no('connector', 'connector_not_entitled')
  if (entitlement === 'suspended') return no('connector', 'connector_suspended')

  const fits = customer === undefined ? instance.customer === undefined : instance.mapping[customer] !== undefined
  if (!fits) return no('readiness', 'instance_customer_mismatch')
  const { configuration = 'configured', health = 'healthy', activation = 'active' } = instance.state ?? {}
  if (configuration !== 'configured') return no('readiness', 'instance_not_configured')
  const missed = instance.check !== undefined && (now - instance.check.at > 3 * instance.check.everyMs || instance.check.configuration !== (instance.configuration ?? 1))
  if (missed || health === 'unknown' || health === 'broken') return no('readiness', 'instance_unhealthy')
  if (activation !== 'active') return no('readiness', 'instance_inactive')
  const pin = instance.pins?.[tool.name]
  if (pin !== undefined && pin !== definitions(instance.connector, tool.name)) return no('readiness', 'tool_changed')

  if (!roles.some((role) => CALLERS[tool.risk].includes(role))) return no('policy', 'role_forbids')
  if (tool.scope !== 'either' && (tool.scope === 'tenant') !== (customer === undefined)) return no('policy', 'tool_scope_mismatch')
  const allows = (scopes: readonly string[] | undefined): boolean =>
    scopes === undefined || scopes.some((scope) => scope === '*' || scope === `tool:${found.name}` || scope === `category:${connector.category}`)
  const written = account.kind === 'service' ? account.credentials.find(({ id }) => id === token.credential)?.scopes : undefined
  if (!allows(written)) return no('policy', 'scope_forbids')
  if (!allows(token.scopes)) return no('policy', 'scope_forbids', { curable: true })
  if (tool.sensitive === true && !hasFreshFactor(person)) return no('policy', 'step_up_required', { curable: account.kind !== 'service' })
  return undefined
}
