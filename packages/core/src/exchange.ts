import { mintAccessToken, type TokenKey } from './identity/minter.ts'
import { parseShownSecret, secretMatches, type Pepper } from './identity/shown-secret.ts'
import { within } from './deadline.ts'
import { recordBody } from './record.ts'
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
  | { readonly kind: 'refused'; readonly error: 'invalid_client' | 'invalid_request' | 'invalid_scope' | 'temporarily_unavailable' }

const REFUSED = { kind: 'refused', error: 'invalid_client' } as const
const NOT_NOW = { kind: 'refused', error: 'temporarily_unavailable' } as const

/** Exchanges a service account's shown-once secret for a short-lived access token (ID-04). Never says which part was wrong. */
export async function exchange(runtime: Runtime, keys: { readonly signing: TokenKey; readonly pepper: Pepper }, request: Exchange): Promise<Exchanged> {
  const { plane, clock, portMs, ids, url } = runtime
  const parsed = parseShownSecret(request.secret)
  if (parsed === undefined) return REFUSED
  if (request.customer !== undefined && !isId(request.customer)) return { kind: 'refused', error: 'invalid_request' }
  if (request.lifetime !== undefined && !(Number.isSafeInteger(request.lifetime) && request.lifetime > 0)) return { kind: 'refused', error: 'invalid_request' }
  const now = clock.now()
  if (!runtime.clockGuard.observe(now)) return NOT_NOW
  try {
    const tenant = plane.credentialTenant(parsed.keyId)
    const directory = tenant === undefined ? undefined : await within(clock, portMs, plane.directory(tenant))
    const credential = directory?.credentials.get(parsed.keyId)
    const principal = credential === undefined ? undefined : directory?.principals.get(credential.principal)
    const matches = secretMatches([keys.pepper], credential?.secretHash, request.secret)
    if (!matches || tenant === undefined || directory === undefined || credential === undefined || principal?.kind !== 'service') return REFUSED
    if (!isFresh(directory.asOf, now)) return NOT_NOW
    if (principal.disabled || credential.revoked || (credential.expiresAt !== undefined && now >= credential.expiresAt) || directory.status !== 'active') return REFUSED
    const scopes = request.scopes ?? credential.scopes
    if (request.scopes !== undefined && !request.scopes.every((scope) => credential.scopes.includes(scope) || credential.scopes.includes('*'))) return { kind: 'refused', error: 'invalid_scope' }
    if (!runtime.shedder.take(tenant, principal.id, credential.id, now)) return NOT_NOW

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
    return NOT_NOW
  }
}
