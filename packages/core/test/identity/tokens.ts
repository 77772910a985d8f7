import { generateKeyPairSync, randomUUID, sign, type JsonWebKey, type KeyObject } from 'node:crypto'
import { mintAccessToken, tokenKey, type AccessTokenRequest } from '../../src/identity/minter.ts'
import { createVerifier, type StaticIssuer, type Verified } from '../../src/identity/verifier.ts'
import { keysFrom } from '../../src/secrets/keys.ts'

export const url = 'https://mcp.example.com'
export const nowS = 1_800_000_000
export const now = nowS * 1000
export const own = tokenKey(keysFrom(new Uint8Array(32).fill(9)))

export const pairs = {
  ed: generateKeyPairSync('ed25519'),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
}
export const publicJwk = (key: KeyObject, more: object): JsonWebKey => ({ ...key.export({ format: 'jwk' }), ...more })
export const acme: StaticIssuer = {
  issuer: 'https://login.acme.example', tenant: 'acme',
  jwks: { keys: [publicJwk(pairs.ed.publicKey, { kid: 'ed' }), publicJwk(pairs.ec.publicKey, { kid: 'ec' }), publicJwk(pairs.rsa.publicKey, { kid: 'rsa' })] },
}
export const globex: StaticIssuer = { issuer: 'https://login.globex.example', tenant: 'globex', jwks: { keys: [publicJwk(generateKeyPairSync('ed25519').publicKey, { kid: 'other' })] } }

export const freshVerifier = (issuers: readonly StaticIssuer[] = [acme, globex]) => createVerifier({ url, ownKeys: { current: own }, issuers })
const shared = freshVerifier()
/** 'ok' or the code. */
export const verdict = async (token: string | undefined, at = now, verifier = shared): Promise<string> => codeOf(await verifier.verify(token, at))
export const codeOf = (result: Verified): string => (result.ok ? 'ok' : result.code)

export const encode = (part: unknown): string => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
/** Header and payload as JSON values or as the exact text; nothing is checked. */
export const craft = (header: unknown, payload: unknown, signer: (data: Buffer) => Buffer = signOwn): string => {
  const signed = `${encode(header)}.${encode(payload)}`
  return `${signed}.${signer(Buffer.from(signed)).toString('base64url')}`
}
export const signOwn = (data: Buffer): Buffer => sign(null, data, own.privateKey)
export const ownHeader = { alg: 'Ed25519', typ: 'at+jwt', kid: own.kid }
export const ownPayload = {
  iss: url, aud: url, sub: 'prn_1', jti: 'tok_1', iat: nowS, exp: nowS + 900, tid: 'acme', cred: 'crd_1', ep: [1, 2, 3], amr: ['pwd', 'otp'], auth_time: nowS - 5,
}
export const acmePayload = { iss: acme.issuer, aud: url, sub: 'user-1', jti: 'x1', iat: nowS, exp: nowS + 300 }
export const without = (payload: object, ...names: string[]): object => Object.fromEntries(Object.entries(payload).filter(([name]) => !names.includes(name)))
export const minted = (more: Partial<AccessTokenRequest> = {}, at = now): string =>
  mintAccessToken({ url, signingKey: own, kind: 'human', subject: 'prn_1', tenant: 'acme', id: randomUUID(), credential: 'crd_1', epochs: [1, 2, 3], ...more }, at).token
