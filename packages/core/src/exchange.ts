import { deny, type AnyDeny } from './chain/verdict.ts'
import { mintAccessToken, type TokenKey } from './identity/minter.ts'
import { parseShownSecret, secretMatches, type Pepper } from './identity/shown-secret.ts'
import { within } from './deadline.ts'
import type { ShedLimits } from './quotas/shedder.ts'
import { recordBody } from './record.ts'
import type { Credential, Directory, Principal } from './tenancy/directory.ts'
import { isId } from './tenancy/reach.ts'
import { isFresh } from './tenancy/freshness.ts'
import type { Runtime } from './runtime.ts'

/** A request to the token endpoint, grant `client_credentials` (RFC 6749 §4.4). */
export interface Exchange {
  /** The shown-once secret. */
  readonly secret: string
  /** Narrows the token to one customer. */
  readonly customer?: string | undefined
  /** Narrows the token to fewer scopes. */
  readonly scopes?: readonly string[] | undefined
  /** Seconds: 900 if absent, 3,600 at most. */
  readonly lifetime?: number | undefined
}

export type Exchanged =
  | { readonly kind: 'token'; readonly token: string; readonly expiresIn: number; readonly scopes: readonly string[] }
  /** The error codes of RFC 6749 §5.2. */
  | { readonly kind: 'refused'; readonly error: ExchangeError }
type ExchangeError = 'invalid_client' | 'invalid_request' | 'invalid_scope' | 'temporarily_unavailable'

const refused = (error: ExchangeError): Exchanged => ({ kind: 'refused', error })

/** RFC 6749 §3.3, as the verifier will read it. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/
const MOST_SCOPES = 64

/** Tokens given out a minute. Each is a durable record, and lives for minutes: who needs more of them is a flood. */
export const EXCHANGE_LIMITS: ShedLimits = { principal: 30, tenant: 300 }

/**
 * Exchanges a service account's shown-once secret for a short-lived access token (ID-04). Never says which part was wrong. Whoever shows
 * the secret of a credential is known: that refusal is recorded in the tenant's log, every other one is only counted.
 */
export async function exchange(runtime: Runtime, keys: { readonly signing: TokenKey; readonly pepper: Pepper }, request: Exchange): Promise<Exchanged> {
  const { plane, clock, portMs, ids, url } = runtime
  const anonymous = (error: ExchangeError): Exchanged => {
    runtime.count('anonymous_refusals')
    return refused(error)
  }
  const shed = (): Exchanged => {
    runtime.count('shed')
    return refused('temporarily_unavailable')
  }
  const parsed = parseShownSecret(request.secret)
  if (parsed === undefined) return anonymous('invalid_client')
  if (request.customer !== undefined && !isId(request.customer)) return anonymous('invalid_request')
  if (request.lifetime !== undefined && !(Number.isSafeInteger(request.lifetime) && request.lifetime > 0)) return anonymous('invalid_request')
  if (request.scopes !== undefined && !areScopes(request.scopes)) return anonymous('invalid_scope')
  const now = clock.now()
  if (!runtime.clockGuard.observe(now)) return anonymous('temporarily_unavailable')
  try {
    const tenant = plane.credentialTenant(parsed.keyId)
    const directory = tenant === undefined ? undefined : await within(clock, portMs, plane.directory(tenant))
    const credential = directory?.credentials.get(parsed.keyId)
    const principal = credential === undefined ? undefined : directory?.principals.get(credential.principal)
    const matches = secretMatches([keys.pepper], credential?.secretHash, request.secret)
    if (!matches || tenant === undefined || directory === undefined || credential === undefined || principal?.kind !== 'service') return anonymous('invalid_client')
    if (!isFresh(directory.asOf, now)) return refused('temporarily_unavailable')
    if (!runtime.shedder.take(tenant, principal.id, credential.id, now)) return shed()
    const scopes = request.scopes ?? credential.scopes
    const flaw = flawOf(principal, credential, directory, scopes, now)
    if (flaw !== undefined) {
      const claims = { tenant, subject: principal.id, credential: credential.id }
      const noted = await runtime.refusals.note({ claims }, 'refusal', flaw, { decision: ids.next('dec'), exchange: true })
      return noted === 'shed' ? shed() : refused(flaw.code === 'scope_forbids' ? 'invalid_scope' : 'invalid_client')
    }
    if (!runtime.exchanges.take(tenant, principal.id, credential.id, now)) return shed()

    const id = ids.next('tok')
    const minted = mintAccessToken(
      {
        url, signingKey: keys.signing, kind: 'service', subject: principal.id, tenant, id, credential: credential.id, credentialExpiresAt: credential.expiresAt,
        epochs: [principal.epoch, credential.epoch, directory.epoch], customer: request.customer, scopes: request.scopes, ...(request.lifetime === undefined ? {} : { lifetime: request.lifetime }),
      },
      now,
    )
    const { ledger } = await runtime.doors.open(tenant)
    await ledger.note({ kind: 'note', body: recordBody('exchange', { tenant, principal: principal.id, credential: credential.id, token: id, customer: request.customer ?? null }) })
    return { kind: 'token', token: minted.token, expiresIn: minted.expiresAt - minted.issuedAt, scopes }
  } catch (fault) {
    runtime.onFault(fault)
    runtime.count('faults')
    return refused('temporarily_unavailable')
  }
}

const areScopes = (scopes: unknown): boolean => Array.isArray(scopes) && scopes.length <= MOST_SCOPES && scopes.every((scope) => typeof scope === 'string' && SCOPE.test(scope))

/** Why the right secret gets no token, as the gate says it that would refuse the token. A secret that should be gone is a security event. */
function flawOf(principal: Principal, credential: Credential, directory: Directory, scopes: readonly string[], now: number): AnyDeny | undefined {
  if (principal.disabled) return deny('authenticate', 'principal_disabled', { security: true })
  if (credential.revoked) return deny('authenticate', 'credential_revoked', { security: true })
  if (credential.expiresAt !== undefined && now >= credential.expiresAt) return deny('authenticate', 'credential_revoked')
  if (directory.status !== 'active') return deny('tenant', 'tenant_not_active')
  return scopes.every((scope) => credential.scopes.includes(scope) || credential.scopes.includes('*')) ? undefined : deny('policy', 'scope_forbids')
}
