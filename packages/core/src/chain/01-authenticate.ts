import type { AccessClaims } from '../identity/claims.ts'
import { hasSecondFactor } from '../identity/second-factor.ts'
import type { Verified } from '../identity/verifier.ts'
import { identityKey, type Credential, type Directory, type Principal } from '../tenancy/directory.ts'
import { isFresh } from '../tenancy/freshness.ts'
import { deny, pass, type Verdict } from './verdict.ts'

/** Humans, and agents that act for one, hold tokens of 15 minutes at most (s); the verifier caps everybody at 60. */
const HUMAN_LIFETIME = 900
const ISSUER_SKEW_MS = 30_000

interface Identity {
  readonly principal: Principal
  readonly human: Principal | undefined
  readonly credential: Credential | undefined
}

/** Proof of gate 1: a principal that trusted state knows, behind a token that holds at this moment. */
class Authentication {
  readonly #identity: Identity
  readonly claims: AccessClaims
  readonly directory: Directory
  readonly now: number

  constructor(identity: Identity, claims: AccessClaims, directory: Directory, now: number) {
    this.#identity = identity
    this.claims = claims
    this.directory = directory
    this.now = now
  }

  get principal(): Principal {
    return this.#identity.principal
  }

  /** Whose bindings count: the human of an agent session, otherwise the principal. */
  get holder(): Principal {
    return this.#identity.human ?? this.#identity.principal
  }

  get credential(): Credential | undefined {
    return this.#identity.credential
  }

  /** When the second factor was last used (ms); undefined for service accounts and for sign-ins without one. */
  get secondFactorAt(): number | undefined {
    const { authTime, methods } = this.claims
    return this.principal.kind !== 'service' && authTime !== undefined && hasSecondFactor(methods) ? authTime * 1000 : undefined
  }
}
export type Authenticated = Authentication

/** What is known of the token's tenant when gate 1 decides. */
export interface AuthenticateFacts {
  readonly verified: Verified
  /** The directory record of the tenant that the token's issuer stands for; undefined when it cannot be read. */
  readonly directory: Directory | undefined
  readonly now: number
  readonly clockSafe: boolean
}

/** Gate 1: refuses invalid and expired tokens at once, and every token whose principal or credential no longer holds. */
export function decideAuthenticate({ verified, directory, now, clockSafe }: AuthenticateFacts): Verdict<'authenticate', Authenticated> {
  if (!verified.ok) return deny('authenticate', verified.code)
  const { claims } = verified
  if (directory === undefined) return deny('authenticate', 'revocation_unknown')

  const principal = principalOf(claims, directory)
  if (principal === undefined) return deny('authenticate', 'token_invalid')
  if (principal.kind !== 'service' && claims.expiresAt - claims.issuedAt > HUMAN_LIFETIME) return deny('authenticate', 'token_lifetime_exceeded')

  const human = principal.agent === undefined ? undefined : directory.principals.get(principal.agent.human)
  if (principal.disabled || (principal.kind === 'agent' && (human === undefined || human.kind !== 'human' || human.disabled))) {
    return deny('authenticate', 'principal_disabled')
  }
  const credential = claims.credential === undefined ? undefined : directory.credentials.get(claims.credential)
  if (isRevoked(claims, principal, human, credential, directory, now)) return deny('authenticate', 'credential_revoked')
  if (!isFresh(directory.asOf, now)) return deny('authenticate', 'revocation_unknown')
  if (!clockSafe) return deny('authenticate', 'clock_unsafe')
  return pass(new Authentication({ principal, human, credential }, claims, directory, now))
}

/** Own tokens name the principal; those of other issuers an identity, with the agent client if one acts. */
function principalOf(claims: AccessClaims, directory: Directory): Principal | undefined {
  const id = claims.own && claims.actor === undefined ? claims.subject : directory.identities.get(identityKey(claims.issuer, claims.subject, claims.actor))
  const principal = id === undefined ? undefined : directory.principals.get(id)
  // An agent is never met without its client's name in the token, nor anybody else with one.
  return principal !== undefined && (principal.kind === 'agent') === (claims.actor !== undefined) ? principal : undefined
}

function isRevoked(
  claims: AccessClaims, principal: Principal, human: Principal | undefined, credential: Credential | undefined, directory: Directory, now: number,
): boolean {
  if (!claims.own) {
    const revokedAt = Math.max(principal.revokedAt ?? -Infinity, human?.revokedAt ?? -Infinity)
    return claims.issuedAt * 1000 <= revokedAt + ISSUER_SKEW_MS
  }
  if (credential === undefined || credential.principal !== principal.id || credential.revoked) return true
  if (credential.expiresAt !== undefined && now >= credential.expiresAt) return true
  const { epochs } = claims
  return epochs === undefined || epochs[0] !== principal.epoch || epochs[1] !== credential.epoch || epochs[2] !== directory.epoch
}
