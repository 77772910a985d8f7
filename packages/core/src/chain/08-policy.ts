import { mayCall } from '../roles/role.ts'
import type { Instance } from '../tenancy/snapshot.ts'
import type { Authenticated } from './01-authenticate.ts'
import type { Ready } from './07-readiness.ts'
import { deny, pass, type Verdict } from './verdict.ts'

/** A second factor older than this (ms) is none. */
export const SECOND_FACTOR_AGE = 900_000

/** Proof of gate 8, first half: this principal may call this tool with this reach. */
class PolicyPermits {
  readonly #ready: Ready

  constructor(ready: Ready) {
    this.#ready = ready
  }

  get ready(): Ready {
    return this.#ready
  }
}
export type Permitted = PolicyPermits

/** Gate 8, first half: role x risk, reach, written scopes, second factor, in this order. */
export function decidePolicy(ready: Ready): Verdict<'policy', Permitted> {
  const { base, named } = ready.known
  const { scope, now } = base
  const { tool, instance } = named
  const { who } = scope.place
  if (!mayCall(scope.roles, tool.risk)) return deny('policy', 'role_forbids')
  if (tool.scope !== 'either' && tool.scope !== scope.reach.kind) return deny('policy', 'tool_scope_mismatch')
  const lacking = lackingScope(who, named.name, instance)
  if (lacking !== undefined) return deny('policy', 'scope_forbids', lacking)
  if (tool.sensitive && !isRecent(who, now)) return deny('policy', 'step_up_required', { curable: who.principal.kind !== 'service' })
  return pass(new PolicyPermits(ready))
}

/** What a credential lacks cannot be cured; what only the token lacks may be asked for. */
function lackingScope(who: Authenticated, name: string, instance: Instance): { readonly curable: boolean; readonly scope?: string } | undefined {
  const { category } = instance.connector
  if (who.credential !== undefined && !covers(who.credential.scopes, name, category)) return { curable: false }
  const { scopes } = who.claims
  return scopes === undefined || covers(scopes, name, category) ? undefined : { curable: true, scope: `tool:${name}` }
}

/** A written list is a union. The cheapest test comes first: lists of ten thousand tools ask this of each. */
const covers = (scopes: readonly string[], name: string, category: string): boolean =>
  scopes.includes('*') || scopes.includes(`category:${category}`) || scopes.includes(`tool:${name}`)

function isRecent(who: Authenticated, now: number): boolean {
  const at = who.secondFactorAt
  return at !== undefined && now - at <= SECOND_FACTOR_AGE
}

