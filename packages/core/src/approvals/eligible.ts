import type { AccessClaims } from '../identity/claims.ts'
import { maskOf, mayVote } from '../roles/role.ts'
import type { Binding, Directory, Principal } from '../tenancy/directory.ts'

/** A voter's binding and second factor, and every hand in them, must be older than this (ms). */
const SETTLING = 24 * 3_600_000

/** Persons who count as the self of a request by this principal: the human, or whoever keeps the service account. */
export function selfOf(principal: Principal, directory: Directory): readonly string[] {
  const human = principal.agent === undefined ? undefined : directory.principals.get(principal.agent.human)
  return [...new Set([principal.person, ...principal.keepers, ...(human === undefined ? [] : [human.person])])]
}

/** Who may vote on a call with this reach at this moment: persons, each of whom may have several accounts. */
export function electorate(directory: Directory, customer: string | undefined, now: number): readonly string[] {
  const persons = new Set<string>()
  for (const [id, bindings] of directory.bindings) {
    const principal = directory.principals.get(id)
    if (principal?.kind === 'human' && !principal.disabled && bindings.some((binding) => votes(binding, customer, now))) persons.add(principal.person)
  }
  return [...persons]
}

export type Ineligible = 'role_forbids' | 'self_approval' | 'approval_stale'

/** Whether this account may vote on a request: a human's, by role, distance from the requester, and nothing about it newer than the request. */
export function mayVoteOn(
  voter: Principal, request: { readonly self: readonly string[]; readonly customer: string | undefined; readonly openedAt: number }, directory: Directory, now: number,
  claims: Pick<AccessClaims, 'roles' | 'customer'>,
): Ineligible | undefined {
  if (request.self.includes(voter.person)) return 'self_approval'
  if (voter.kind !== 'human') return 'role_forbids'
  const settled = (at: number | undefined): boolean => at === undefined || (at < request.openedAt && at <= now - SETTLING)
  // A token that was narrowed votes no more than it calls (RO-07).
  const narrowed = (binding: Binding): boolean => (claims.roles?.includes(binding.role) ?? true) && (claims.customer ?? request.customer) === request.customer
  const bindings = (directory.bindings.get(voter.id) ?? []).filter((binding) => votes(binding, request.customer, now) && narrowed(binding))
  if (bindings.length === 0) return 'role_forbids'
  if (voter.touchedBy.some(({ person, at }) => request.self.includes(person) && !settled(at))) return 'self_approval'
  const standing = bindings.filter((binding) => settled(binding.since))
  if (standing.length === 0 || !settled(voter.secondFactorSince)) {
    return bindings.some(({ grantedBy }) => grantedBy !== undefined && request.self.includes(grantedBy)) ? 'self_approval' : 'approval_stale'
  }
  return undefined
}

const votes = (binding: Binding, customer: string | undefined, now: number): boolean =>
  mayVote(maskOf([binding.role])) &&
  (binding.customer === undefined || binding.customer === customer) &&
  (binding.since ?? -Infinity) <= now && now < (binding.until ?? Infinity)
