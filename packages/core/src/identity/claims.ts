/**
 * What a verified access token says (RFC 9068, RFC 8693), checked for shape and frozen. It says who asks and may narrow
 * what they get; what they may do is for trusted state to say. Times in whole seconds since 1970.
 */
export interface AccessClaims {
  readonly issuer: string
  readonly subject: string
  /** `jti`; serves revocation and the audit, never a cache. */
  readonly id: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly notBefore?: number
  /** Minted by this deployment. */
  readonly own: boolean
  /** The verified `tid` of an own token; for other issuers the tenant that they are registered for. */
  readonly tenant: string
  /** A `tid` in a token of another issuer: never followed, only compared (gate 2). */
  readonly tenantNamed?: string
  readonly customer?: string
  readonly session?: string
  /** Own tokens only: the credential that was exchanged for it. */
  readonly credential?: string
  /** Own tokens only, and always there. */
  readonly epochs?: readonly [principal: number, credential: number, tenant: number]
  readonly authTime?: number
  /** `amr` (RFC 8176) */
  readonly methods: readonly string[]
  /** Absent = whatever the credential has; empty = nothing. */
  readonly scopes?: readonly string[]
  /** Narrowing only. */
  readonly roles?: readonly string[]
  /** `act.sub`: who acts for the subject. One level. */
  readonly actor?: string
}

/** Whose key signed the token; decides which claims count. */
export interface ClaimsOrigin {
  readonly own: boolean
  /** The tenant of a registered issuer; own tokens name theirs. */
  readonly tenant?: string
}

/** Seconds that clocks may differ (`iat`, `nbf`), never added to an expiry. */
export const CLOCK_SKEW_S = 30

/**
 * Reads the payload of a token whose signature holds. Undefined when a claim is missing or has any other shape than the
 * one expected: text of 1 to 256 characters without control characters, whole seconds, short lists of text.
 * The audience is the verifier's to judge.
 */
export function readClaims(payload: Readonly<Record<string, unknown>>, origin: ClaimsOrigin): AccessClaims | undefined {
  const issuer = payload['iss']
  const subject = payload['sub']
  const id = payload['jti']
  const issuedAt = payload['iat']
  const expiresAt = payload['exp']
  const tenant = origin.own ? payload['tid'] : origin.tenant
  if (!isText(issuer) || !isText(subject) || !isText(id) || !isText(tenant) || !isTime(issuedAt) || !isTime(expiresAt)) return undefined
  if (expiresAt <= issuedAt) return undefined

  const { tid, nbf, customer, sid, amr = [], roles, auth_time: authTime } = payload
  if (!isTextOrAbsent(tid) || !isTextOrAbsent(customer) || !isTextOrAbsent(sid)) return undefined
  if (!isTimeOrAbsent(nbf) || !isTimeOrAbsent(authTime) || !isTexts(amr)) return undefined
  if (roles !== undefined && !isTexts(roles)) return undefined
  // A sign-in after the token was issued would stay fresh for longer than the clock allows.
  if (authTime !== undefined && authTime > issuedAt + CLOCK_SKEW_S) return undefined

  const scopes = payload['scope'] === undefined ? undefined : readScopes(payload['scope'])
  const actor = payload['act'] === undefined ? undefined : readActor(payload['act'])
  if (scopes === null || actor === null) return undefined
  const ours = origin.own ? readOwn(payload) : {}
  if (ours === undefined) return undefined

  return Object.freeze({
    issuer, subject, id, issuedAt, expiresAt, own: origin.own, tenant, methods: freezeCopy(amr), ...ours,
    ...(nbf !== undefined && { notBefore: nbf }),
    ...(!origin.own && tid !== undefined && { tenantNamed: tid }),
    ...(customer !== undefined && { customer }),
    ...(sid !== undefined && { session: sid }),
    ...(authTime !== undefined && { authTime }),
    ...(scopes !== undefined && { scopes }),
    ...(roles !== undefined && { roles: freezeCopy(roles) }),
    ...(actor !== undefined && { actor }),
  })
}

/** Another issuer's `cred` or `ep` would speak of our records, so they are read from own tokens only. */
function readOwn({ cred, ep }: Readonly<Record<string, unknown>>): Pick<AccessClaims, 'credential' | 'epochs'> | undefined {
  if (!isTextOrAbsent(cred) || !Array.isArray(ep) || ep.length !== 3) return undefined
  const [principal, credential, tenant] = ep as unknown[]
  if (!isTime(principal) || !isTime(credential) || !isTime(tenant)) return undefined
  return { epochs: Object.freeze([principal, credential, tenant] as const), ...(cred !== undefined && { credential: cred }) }
}

/** RFC 6749 §3.3: printable ASCII without quote and backslash, separated by single spaces. */
const SCOPES = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}(?: [\x21\x23-\x5b\x5d-\x7e]{1,256}){0,63}$/

/** Null when it is no list of scopes. */
function readScopes(scope: unknown): readonly string[] | null {
  if (scope === '') return Object.freeze([])
  return typeof scope === 'string' && SCOPES.test(scope) ? Object.freeze(scope.split(' ')) : null
}

/** Null unless `act` names one actor and nothing else: a longer chain, or one from elsewhere, is not understood here. */
function readActor(act: unknown): string | null {
  if (typeof act !== 'object' || act === null) return null
  const { sub, ...others } = act as Record<string, unknown>
  return isText(sub) && Object.keys(others).length === 0 ? sub : null
}

const freezeCopy = (texts: readonly string[]): readonly string[] => Object.freeze([...texts])
const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= 256 && !/\p{Cc}/u.test(value)
const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.length <= 32 && value.every(isText)
const isTextOrAbsent = (value: unknown): value is string | undefined => value === undefined || isText(value)
const isTimeOrAbsent = (value: unknown): value is number | undefined => value === undefined || isTime(value)
