import { createHash, sign, type KeyObject } from 'node:crypto'
import { Fault } from '../fault.ts'
import { ed25519FromSeed, type Keys } from '../secrets/keys.ts'
import { readClaims } from './claims.ts'
import type { PublicTokenKey } from './verifier.ts'

/** The pair that signs access tokens; `kid` is the thumbprint of the public half (RFC 7638). */
export interface TokenKey extends PublicTokenKey {
  readonly privateKey: KeyObject
}

/** The signing pair of a deployment: the same key file gives the same pair. */
export function tokenKey(keys: Keys): TokenKey {
  const { privateKey, publicKey } = ed25519FromSeed(keys.derive('token', 32))
  return Object.freeze({ kid: createHash('sha256').update(JSON.stringify(publicMembers(publicKey))).digest('base64url'), privateKey, publicKey })
}

/** The key set to publish (RFC 7517): public halves only. */
export function jwks(keys: readonly PublicTokenKey[]): { keys: Record<'kty' | 'crv' | 'x' | 'kid' | 'alg' | 'use', string>[] } {
  return { keys: keys.map(({ kid, publicKey }) => ({ ...publicMembers(publicKey), kid, alg: 'Ed25519', use: 'sig' })) }
}

/** The required members in the order in which RFC 7638 hashes them. */
function publicMembers(key: KeyObject): { crv: string; kty: string; x: string } {
  const { crv, kty, x } = key.export({ format: 'jwk' })
  if (crv !== 'Ed25519' || kty !== 'OKP' || x === undefined) throw new Fault('key_invalid', 'Access tokens are signed with Ed25519.')
  return { crv, kty, x }
}

export interface AccessTokenRequest {
  /** The deployment's url: issuer and audience. */
  readonly url: string
  readonly signingKey: Pick<TokenKey, 'kid' | 'privateKey'>
  readonly kind: 'human' | 'service' | 'agent'
  readonly subject: string
  readonly tenant: string
  /** `jti`: fresh for every token. */
  readonly id: string
  readonly credential: string
  /** ms; absent = the credential does not expire. */
  readonly credentialExpiresAt?: number | undefined
  readonly epochs: readonly [principal: number, credential: number, tenant: number]
  readonly customer?: string | undefined
  readonly session?: string | undefined
  /** s */
  readonly authTime?: number | undefined
  readonly methods?: readonly string[]
  readonly scopes?: readonly string[] | undefined
  readonly roles?: readonly string[] | undefined
  readonly actor?: string | undefined
  /** s asked for, 900 if not said; what is granted may be less. */
  readonly lifetime?: number
}

const DEFAULT_LIFETIME_S = 900
const LONGEST_S = { human: 900, agent: 900, service: 3_600 } as const

/**
 * Signs an access token (RFC 9068, alg `Ed25519` of RFC 9864). It lives for what was asked, but never longer than its
 * kind may (15 minutes; service accounts 60) and never beyond its credential. Times in s.
 * @throws Fault `credential_expired` when no whole second is left, `token_unmintable` for claims that the verifier
 * would not read; no message holds a claim.
 */
export function mintAccessToken(request: AccessTokenRequest, nowMs: number): { token: string; issuedAt: number; expiresAt: number } {
  const issuedAt = Math.floor(nowMs / 1000)
  const longest = Math.min(request.lifetime ?? DEFAULT_LIFETIME_S, LONGEST_S[request.kind])
  const expiresAt = Math.min(issuedAt + longest, Math.floor((request.credentialExpiresAt ?? Infinity) / 1000))
  if (expiresAt <= issuedAt) throw new Fault('credential_expired', 'The credential ends before a token for it could begin.')

  const payload = {
    iss: request.url, aud: request.url, sub: request.subject, client_id: request.actor ?? request.credential, jti: request.id, iat: issuedAt, exp: expiresAt,
    tid: request.tenant, cred: request.credential, ep: request.epochs, customer: request.customer, sid: request.session, auth_time: request.authTime,
    amr: request.methods, scope: request.scopes?.join(' '), roles: request.roles, act: request.actor === undefined ? undefined : { sub: request.actor },
  }
  const text = JSON.stringify(payload) // leaves out what is undefined
  if (!isReadable(text, request)) throw new Fault('token_unmintable', 'The claims asked for do not make an access token.')
  const signed = `${encode(JSON.stringify({ alg: 'Ed25519', typ: 'at+jwt', kid: request.signingKey.kid }))}.${encode(text)}`
  return { token: `${signed}.${sign(null, Buffer.from(signed), request.signingKey.privateKey).toString('base64url')}`, issuedAt, expiresAt }
}

/** A scope with a space in it would come back as two. */
function isReadable(text: string, { scopes }: AccessTokenRequest): boolean {
  const claims = readClaims(JSON.parse(text) as Record<string, unknown>, { own: true })
  return claims !== undefined && claims.scopes?.length === scopes?.length
}

const encode = (text: string): string => Buffer.from(text).toString('base64url')
