import type { JsonWebKey, KeyObject } from 'node:crypto'
import { Fault } from '../fault.ts'
import { CLOCK_SKEW_S, readClaims, type AccessClaims } from './claims.ts'
import { LONGEST_TOKEN, readCompactJws, type CompactJws } from './compact-jws.ts'
import { ownKey, registerKey, signatureHolds, type RegisteredKey } from './registered-key.ts'
import { VerifiedTokens } from './verified-tokens.ts'

export type TokenRefusal =
  | 'token_missing' | 'token_invalid' | 'token_expired' | 'token_wrong_type' | 'token_wrong_audience' | 'token_lifetime_exceeded' | 'issuer_unknown'
export type Verified = { readonly ok: true; readonly claims: AccessClaims } | { readonly ok: false; readonly code: TokenRefusal }
export interface Verifier {
  /** @throws Fault `clock_unreadable` when `nowMs` is no time; whatever is wrong with the token is a value. */
  readonly verify: (token: string | undefined, nowMs: number) => Promise<Verified>
}

export interface PublicTokenKey {
  readonly kid: string
  readonly publicKey: KeyObject
}

/** An identity provider of one tenant, with the keys that it signs with. `audience` defaults to the deployment's url. */
export interface StaticIssuer {
  readonly issuer: string
  readonly tenant: string
  readonly audience?: string
  readonly jwks: { readonly keys: readonly JsonWebKey[] }
}

export interface VerifierOptions {
  /** The own issuer, and the only audience of own tokens. */
  readonly url: string
  /** `previous` still verifies what was signed before a rotation. */
  readonly ownKeys: { readonly current: PublicTokenKey; readonly previous?: readonly PublicTokenKey[] }
  readonly issuers: readonly StaticIssuer[]
}

/** No token lives longer, whoever signed it (s). */
const LONGEST_LIFETIME_S = 3_600
const MOST_REMEMBERED = 10_000

interface Issuer {
  readonly own: boolean
  readonly tenant?: string
  readonly audience: string
  readonly keys: ReadonlyMap<string, RegisteredKey>
}

/**
 * Verifies access tokens: JWT `at+jwt` (RFC 9068) after the rules of RFC 8725. From a token that is not verified only
 * `iss` and `kid` are followed, to a registered key. After the signature the first that fails answers, in the order of
 * the catalogue; the claims of a token of another type are not judged. Nothing is fetched.
 * @throws Fault `issuer_invalid` or `key_invalid` when a registration is unsound.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const issuers = register(options)
  const remembered = new VerifiedTokens(MOST_REMEMBERED)
  return Object.freeze({
    verify: async (token: string | undefined, nowMs: number): Promise<Verified> => {
      if (!Number.isFinite(nowMs)) throw new Fault('clock_unreadable', 'The clock gave no time.')
      if (token === undefined || token === '') return refuse('token_missing')
      if (typeof token !== 'string' || token.length > LONGEST_TOKEN) return refuse('token_invalid')
      const known = remembered.find(token)
      if (known !== undefined) {
        const code = timeFlaw(known, nowMs)
        if (code === 'token_expired') remembered.forget(token)
        return code === undefined ? { ok: true, claims: known } : refuse(code)
      }
      const result = judge(token, issuers, nowMs)
      if (result.ok) remembered.keep(token, result.claims)
      return result
    },
  })
}

const refuse = (code: TokenRefusal): Verified => ({ ok: false, code })

function judge(token: string, issuers: ReadonlyMap<string, Issuer>, nowMs: number): Verified {
  const jws = readCompactJws(token)
  if (jws === undefined || typeof jws.payload['iss'] !== 'string') return refuse('token_invalid')
  const issuer = issuers.get(jws.payload['iss'])
  if (issuer === undefined) return refuse('issuer_unknown')
  const key = issuer.keys.get(jws.kid)
  if (key === undefined || !signatureHolds(key, jws.alg, jws.signed, jws.signature)) return refuse('token_invalid')

  if (!isAccessToken(jws)) return refuse(isOver(jws.payload['exp'], nowMs) ? 'token_expired' : 'token_wrong_type')
  const claims = readClaims(jws.payload, issuer)
  if (claims === undefined) return refuse('token_invalid')
  const flaw = timeFlaw(claims, nowMs)
  if (flaw !== undefined) return refuse(flaw)
  if (jws.payload['aud'] !== issuer.audience) return refuse('token_wrong_audience') // one exact text: no list, no prefix
  if (claims.expiresAt - claims.issuedAt > LONGEST_LIFETIME_S) return refuse('token_lifetime_exceeded')
  return { ok: true, claims }
}

const isAccessToken = ({ typ }: CompactJws): boolean => typ === 'at+jwt' || typ === 'application/at+jwt'
const isOver = (exp: unknown, nowMs: number): boolean => Number.isSafeInteger(exp) && nowMs >= (exp as number) * 1000

/** Clocks may differ when a token begins. When it ends there is no grace: expired exactly at `exp`. */
function timeFlaw({ issuedAt, notBefore = issuedAt, expiresAt }: AccessClaims, nowMs: number): 'token_invalid' | 'token_expired' | undefined {
  if (Math.max(issuedAt, notBefore) * 1000 > nowMs + CLOCK_SKEW_S * 1000) return 'token_invalid'
  return isOver(expiresAt, nowMs) ? 'token_expired' : undefined
}

function register({ url, ownKeys, issuers }: VerifierOptions): ReadonlyMap<string, Issuer> {
  const own = [ownKeys.current, ...(ownKeys.previous ?? [])].map(({ kid, publicKey }) => ownKey(kid, publicKey))
  const registry = new Map<string, Issuer>([[named(url), { own: true, audience: url, keys: byKeyId(url, own) }]])
  for (const { issuer, tenant, audience = url, jwks } of issuers) {
    if (registry.has(named(issuer))) throw new Fault('issuer_invalid', `Issuer ${issuer} is registered twice.`)
    if (!isName(tenant) || !isName(audience)) throw new Fault('issuer_invalid', `Issuer ${issuer} needs a tenant and an audience.`)
    if (!Array.isArray(jwks?.keys) || jwks.keys.length === 0) throw new Fault('issuer_invalid', `Issuer ${issuer} needs at least one key.`)
    registry.set(issuer, { own: false, tenant, audience, keys: byKeyId(issuer, jwks.keys.map((jwk) => registerKey(issuer, jwk))) })
  }
  return registry
}

function byKeyId(issuer: string, keys: readonly RegisteredKey[]): ReadonlyMap<string, RegisteredKey> {
  const map = new Map(keys.map((key) => [key.kid, key]))
  if (map.size < keys.length) throw new Fault('issuer_invalid', `Issuer ${issuer} has two keys of one id.`)
  return map
}

const isName = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= 256

function named(issuer: unknown): string {
  if (!isName(issuer)) throw new Fault('issuer_invalid', 'An issuer needs a name of 1 to 256 characters.')
  return issuer
}
