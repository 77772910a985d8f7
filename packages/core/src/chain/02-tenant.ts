import type { Authenticated } from './01-authenticate.ts'
import { deny, pass, type Verdict } from './verdict.ts'

/** Proof of gate 2: the tenant of the principal. */
class TenantFixed {
  readonly #who: Authenticated

  constructor(who: Authenticated) {
    this.#who = who
  }

  get who(): Authenticated {
    return this.#who
  }

  /** The tenant for which the token's issuer stands. No other source exists. */
  get tenant(): string {
    return this.#who.claims.tenant
  }
}
export type InTenant = TenantFixed

/**
 * Gate 2: the tenant is the principal's. `named` is what the places that Portcullis defines say (own header, custom domain); each
 * must agree. Places that it does not define are not even handed in.
 */
export function decideTenant(who: Authenticated, named: readonly string[]): Verdict<'tenant', InTenant> {
  const { tenant, tenantNamed } = who.claims
  if ((tenantNamed !== undefined && tenantNamed !== tenant) || named.some((name) => name !== tenant)) return deny('tenant', 'tenant_mismatch', { security: true })
  if (who.directory.status !== 'active') return deny('tenant', 'tenant_not_active')
  return pass(new TenantFixed(who))
}
