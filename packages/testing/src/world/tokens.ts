import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import type { World } from '@portcullis/core'
import { keysFrom } from '@portcullis/core/memory'

/** Where the pretended deployment is reached. */
export const URL_OF_DEPLOYMENT = 'https://mcp.example.com'
export const DEPLOYMENT_KEYS = keysFrom(new Uint8Array(32).fill(7))

/** What a token says, before anybody signs it. Times in seconds before the moment of the request; negative = after it. */
export interface TokenLiteral {
  /** `own` = the deployment; a tenant's id = its identity provider; `stranger` = nobody registered. */
  readonly signer: string
  readonly flaw?: 'text' | 'signature' | 'type' | 'audience'
  readonly subject: string
  /** `tid`. */
  readonly tenant?: string
  readonly issuedAgo: number
  readonly lifetime: number
  readonly signedInAgo?: number
  readonly methods?: readonly string[]
  readonly customer?: string
  readonly scopes?: readonly string[]
  readonly roles?: readonly string[]
  readonly actor?: string
  readonly credential?: string
  readonly epochs?: readonly [principal: number, credential: number, tenant: number]
}

const FRAME = Buffer.from('302e020100300506032b657004220420', 'hex')

interface Pair {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwk: Readonly<Record<string, string>>
}

function pairOf(seed: Uint8Array): Pair {
  const privateKey = createPrivateKey({ key: Buffer.concat([FRAME, seed]), format: 'der', type: 'pkcs8' })
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  const kid = createHash('sha256').update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x })).digest('base64url')
  return { kid, privateKey, jwk: { kty: 'OKP', crv: 'Ed25519', x, kid } }
}

const pairs = new Map<string, Pair>()
function pairFor(signer: string): Pair {
  const known = pairs.get(signer)
  if (known !== undefined) return known
  const pair = pairOf(signer === 'own' ? DEPLOYMENT_KEYS.derive('token', 32) : createHash('sha256').update(`signer ${signer}`).digest())
  pairs.set(signer, pair)
  return pair
}

export const issuerOf = (signer: string): string => (signer === 'own' ? URL_OF_DEPLOYMENT : `https://id.${signer}.example`)

/** The identity providers of the pretended tenants, as a world registers them. */
export const issuersOf = (tenants: readonly string[]): NonNullable<World['issuers']> =>
  tenants.map((tenant) => ({ issuer: issuerOf(tenant), tenant, jwks: { keys: [pairFor(tenant).jwk] } }))

const MOST = 20_000
const signed = new Map<string, string>()

/** The token as bytes. Equal literals at equal times are signed once. */
export function tokenOf(literal: TokenLiteral, now: number): string {
  const { signer, flaw } = literal
  if (flaw === 'text') return 'not.a.token'
  const at = Math.floor(now / 1000)
  const { kid, privateKey } = pairFor(signer)
  const header = { alg: 'Ed25519', typ: flaw === 'type' ? 'JWT' : 'at+jwt', kid }
  const payload = {
    iss: issuerOf(signer), aud: flaw === 'audience' ? 'https://other.example.com' : URL_OF_DEPLOYMENT, sub: literal.subject, jti: `jti-${literal.subject}`,
    iat: at - literal.issuedAgo, exp: at - literal.issuedAgo + literal.lifetime, tid: literal.tenant, amr: literal.methods,
    auth_time: literal.signedInAgo === undefined ? undefined : at - literal.signedInAgo,
    customer: literal.customer, scope: literal.scopes?.join(' '), roles: literal.roles, act: literal.actor === undefined ? undefined : { sub: literal.actor },
    cred: literal.credential, ep: literal.epochs,
  }
  const text = `${encode(header)}.${encode(payload)}`
  const known = signed.get(text)
  const token = known ?? `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
  if (known === undefined) {
    if (signed.size >= MOST) signed.clear()
    signed.set(text, token)
  }
  if (flaw !== 'signature') return token
  const [head, body, tail = ''] = token.split('.')
  return `${head}.${body}.${tail.startsWith('A') ? 'B' : 'A'}${tail.slice(1)}`
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
