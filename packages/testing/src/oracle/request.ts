import type { Endpoint, Role, World, WorldBinding, WorldPrincipal, WorldTenant } from '@portcullis/core'
import { issuerOf, type TokenLiteral } from '../world/tokens.ts'
import { no, type Stopped } from './expected.ts'

/** Who asks, once gate 1 believes it. */
export interface Person {
  readonly tenant: string
  readonly facts: WorldTenant
  readonly id: string
  readonly account: WorldPrincipal
  /** Whose bindings count. */
  readonly holder: string
  readonly token: TokenLiteral
}

export interface Entered {
  readonly person: Person
  /** Absent = the whole tenant. */
  readonly customer: string | undefined
  readonly roles: readonly Role[]
}

export const isStopped = (value: object): value is Stopped => 'gate' in value

const SKEW = 30

/** CH-01, ID-03, ID-04, ID-06, ID-09. Whatever the token itself gets wrong comes first: until it is sound, nobody is asked about it. */
export function authenticate(world: World, token: TokenLiteral | undefined, now: number, known: { readonly directory: boolean; readonly fresh: boolean; readonly clock: boolean }): Person | Stopped {
  const refuse = (code: Stopped['code']): Stopped => no('authenticate', code)
  if (token === undefined) return refuse('token_missing')
  if (token.flaw === 'text') return refuse('token_invalid')
  const tenant = token.signer === 'own' ? token.tenant : world.issuers?.find(({ issuer }) => issuer === issuerOf(token.signer))?.tenant
  if (token.signer !== 'own' && tenant === undefined) return refuse('issuer_unknown')
  if (token.flaw === 'signature') return refuse('token_invalid')
  const over = token.lifetime - token.issuedAgo <= 0
  if (token.flaw === 'type') return refuse(over ? 'token_expired' : 'token_wrong_type')
  if (tenant === undefined || token.issuedAgo < -SKEW || (token.signer === 'own' && token.epochs === undefined)) return refuse('token_invalid')
  if (over) return refuse('token_expired')
  if (token.flaw === 'audience') return refuse('token_wrong_audience')
  if (token.lifetime > 3600) return refuse('token_lifetime_exceeded')

  return ofTenant(world, token, tenant, now, known)
}

/** Whoever holds a sound token is somebody of a tenant: from here on a refusal is in its log, unless it is for our own trouble. */
function ofTenant(world: World, token: TokenLiteral, tenant: string, now: number, known: { readonly directory: boolean; readonly fresh: boolean; readonly clock: boolean }): Person | Stopped {
  const refuse = (code: Stopped['code']): Stopped => no('authenticate', code, known.directory && known.fresh && known.clock ? { tenant } : {})
  const facts = world.tenants[tenant]
  if (!known.directory || facts === undefined) return refuse('revocation_unknown')
  const id = accountOf(facts, token)
  const account = id === undefined ? undefined : facts.principals[id]
  if (id === undefined || account === undefined) return refuse('token_invalid')
  if (account.kind !== 'service' && token.lifetime > 900) return refuse('token_lifetime_exceeded')
  const human = account.kind === 'agent' ? facts.principals[account.human] : undefined
  if (account.disabled === true || human?.disabled === true) return refuse('principal_disabled')
  if (token.signer === 'own' ? !credentialHolds(facts, id, account, token, now) : endedEarlier([account, human], token, now)) return refuse('credential_revoked')
  if (!known.fresh) return refuse('revocation_unknown')
  if (!known.clock) return refuse('clock_unsafe')
  return { tenant, facts, id, account, holder: account.kind === 'agent' ? account.human : id, token }
}

/** Own tokens name the account; those of an identity provider a subject, and the agent's client if one acts. */
function accountOf(facts: WorldTenant, token: TokenLiteral): string | undefined {
  if (token.signer === 'own' && token.actor === undefined) return facts.principals[token.subject]?.kind === 'agent' ? undefined : token.subject
  const same = (human: WorldPrincipal | undefined): boolean =>
    human?.kind === 'human' && human.identity.issuer === issuerOf(token.signer) && human.identity.subject === token.subject
  return Object.entries(facts.principals).find(([, account]) =>
    token.actor === undefined ? same(account) : account.kind === 'agent' && account.client === token.actor && same(facts.principals[account.human]))?.[0]
}

function credentialHolds(facts: WorldTenant, id: string, account: WorldPrincipal, token: TokenLiteral, now: number): boolean {
  const credential = account.kind === 'service' ? account.credentials.find((candidate) => candidate.id === token.credential) : undefined
  if (credential === undefined || credential.revoked === true || now >= (credential.expiresAt ?? Infinity)) return false
  return JSON.stringify(token.epochs) === JSON.stringify([facts.principals[id]?.epoch ?? 0, credential.epoch ?? 0, facts.epoch ?? 0])
}

const endedEarlier = (accounts: readonly (WorldPrincipal | undefined)[], token: TokenLiteral, now: number): boolean =>
  accounts.some((account) => now - token.issuedAgo * 1000 <= (account?.revokedAt ?? -Infinity) + SKEW * 1000)

/** CH-02: every place that names a tenant agrees with the token. */
export function inTenant({ tenant, facts, token }: Person, named: readonly string[]): Stopped | undefined {
  if (token.tenant !== undefined && token.tenant !== tenant) return no('tenant', 'tenant_mismatch')
  if (named.some((name) => name !== tenant)) return no('tenant', 'tenant_mismatch')
  return (facts.status ?? 'active') === 'active' ? undefined : no('tenant', 'tenant_not_active')
}

/** RO-07: the bindings of this moment. */
export const bindingsOf = (facts: WorldTenant, holder: string, now: number): readonly WorldBinding[] => {
  const account = facts.principals[holder]
  return account === undefined || account.kind === 'agent' ? [] : account.bindings.filter(({ since = -Infinity, until = Infinity }) => since <= now && now < until)
}

const isActive = (facts: WorldTenant, customer: string): boolean => facts.customers[customer] !== undefined && facts.customers[customer].active !== false

/** ID-09: an agent's grant narrows what its human has; for named customers there is nothing tenant-wide left. */
function grantedTo(account: WorldPrincipal, bindings: readonly WorldBinding[]): readonly WorldBinding[] {
  const granted = account.kind === 'agent' ? account.grant.customers : undefined
  if (granted === undefined) return bindings
  return granted.flatMap((customer) => bindings.filter((binding) => binding.customer === undefined || binding.customer === customer).map((binding) => ({ ...binding, customer })))
}

const looksLikeAnId = (text: string): boolean => /^[a-z0-9][a-z0-9_.-]*$/i.test(text) && text.length <= 64

/** CH-03. */
export function reach(person: Person, endpoint: Endpoint, now: number): Entered | Stopped {
  const { facts, account, token } = person
  const bindings = grantedTo(account, bindingsOf(facts, person.holder, now))
  const wide = bindings.filter((binding) => binding.customer === undefined)
  const wholeTenant = account.kind !== 'agent' || account.grant.wholeTenant === true
  const narrowed = (held: readonly WorldBinding[]): readonly Role[] => [...new Set(held.map(({ role }) => role))].filter((role) => token.roles === undefined || token.roles.includes(role))

  for (const id of [token.customer, endpoint.kind === 'customer' ? endpoint.customer : undefined]) {
    if (id !== undefined && !looksLikeAnId(id)) return no('customer', 'customer_invalid')
  }
  if (endpoint.kind === 'tenant') {
    if (token.customer !== undefined) return no('customer', 'customer_not_found')
    if (wide.length === 0 || !wholeTenant) return no('customer', 'customer_required')
    return { person, customer: undefined, roles: narrowed(wide) }
  }
  let customer = token.customer
  if (endpoint.kind === 'customer') {
    if (customer !== undefined && customer !== endpoint.customer) return no('customer', 'customer_not_found')
    customer = endpoint.customer
  }
  if (customer === undefined) {
    const named = new Set(bindings.flatMap((binding) => (binding.customer !== undefined && isActive(facts, binding.customer) ? [binding.customer] : [])))
    if (wide.length > 0 || named.size !== 1) return no('customer', 'customer_required')
    customer = [...named][0] ?? ''
  }
  const covering = bindings.filter((binding) => binding.customer === undefined || binding.customer === customer)
  if (!isActive(facts, customer) || covering.length === 0) return no('customer', 'customer_not_found')
  return { person, customer, roles: narrowed(covering) }
}
