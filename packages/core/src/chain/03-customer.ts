import { maskOf, ROLES, type RoleMask } from '../roles/role.ts'
import type { Binding } from '../tenancy/directory.ts'
import { isId, type Endpoint, type Reach } from '../tenancy/reach.ts'
import type { InTenant } from './02-tenant.ts'
import { deny, pass, type Verdict } from './verdict.ts'

/** Proof of gate 3: one customer or the whole tenant, and the roles that cover it. */
class ReachFixed {
  readonly #place: InTenant
  readonly #reach: Reach
  readonly #roles: RoleMask

  constructor(place: InTenant, reach: Reach, roles: RoleMask) {
    this.#place = place
    this.#reach = reach
    this.#roles = roles
  }

  get place(): InTenant {
    return this.#place
  }

  get reach(): Reach {
    return this.#reach
  }

  get roles(): RoleMask {
    return this.#roles
  }
}
export type InReach = ReachFixed

/**
 * Gate 3: the customer, from the token or from the endpoint that the client was configured with. Every customer that is foreign,
 * invented, not covered, disabled or unequal gives the one refusal `customer_not_found`.
 */
export function decideCustomer(place: InTenant, endpoint: Endpoint): Verdict<'customer', InReach> {
  const { who } = place
  const inToken = who.claims.customer
  const inPath = endpoint.kind === 'customer' ? endpoint.customer : undefined
  if ((inToken !== undefined && !isId(inToken)) || (endpoint.kind === 'customer' && !isId(inPath))) return deny('customer', 'customer_invalid')

  const bindings = bindingsOf(place)
  if (endpoint.kind === 'tenant') {
    if (inToken !== undefined) return deny('customer', 'customer_not_found', { security: true })
    const wide = who.principal.agent !== undefined && !who.principal.agent.wholeTenant ? [] : bindings.filter((binding) => binding.customer === undefined)
    return wide.length === 0 ? deny('customer', 'customer_required') : pass(new ReachFixed(place, { kind: 'tenant' }, rolesOf(place, wide)))
  }
  if (inToken !== undefined && inPath !== undefined && inToken !== inPath) return deny('customer', 'customer_not_found', { security: true })

  const customer = inToken ?? inPath ?? onlyCustomer(place, bindings)
  if (customer === undefined) return deny('customer', 'customer_required')
  const covering = bindings.filter((binding) => binding.customer === undefined || binding.customer === customer)
  if (covering.length === 0 || who.directory.customers.get(customer)?.active !== true) {
    return deny('customer', 'customer_not_found', { security: true })
  }
  return pass(new ReachFixed(place, { kind: 'customer', customer }, rolesOf(place, covering)))
}

/** The bindings of this very moment: of an agent session its human's, narrowed to the customers that the human granted. */
function bindingsOf(place: InTenant): readonly Binding[] {
  const { holder, principal, directory, now } = place.who
  const held = (directory.bindings.get(holder.id) ?? []).filter((binding) => (binding.since ?? -Infinity) <= now && now < (binding.until ?? Infinity))
  const granted = principal.agent?.customers
  if (granted === undefined) return held
  return held.flatMap((binding) => (binding.customer === undefined ? granted.map((customer) => ({ ...binding, customer })) : granted.includes(binding.customer) ? [binding] : []))
}

/** Without being told: the one active customer that the bindings name, if nothing reaches further. */
function onlyCustomer(place: InTenant, bindings: readonly Binding[]): string | undefined {
  const { directory } = place.who
  if (bindings.some((binding) => binding.customer === undefined)) return undefined
  const named = new Set(bindings.flatMap(({ customer }) => (customer !== undefined && directory.customers.get(customer)?.active === true ? [customer] : [])))
  return named.size === 1 ? named.values().next().value : undefined
}

/** The union of the covering roles; role claims in a token take away and never add. */
function rolesOf(place: InTenant, bindings: readonly Binding[]): RoleMask {
  const held = maskOf(bindings.map(({ role }) => role))
  const claimed = place.who.claims.roles
  return claimed === undefined ? held : held & maskOf(ROLES.filter((role) => claimed.includes(role)))
}
