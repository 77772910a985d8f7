import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'

/** A tenant's identity provider, pretended: it signs people in, with a second factor. */
export interface Issuer {
  readonly issuer: string
  readonly jwks: { readonly keys: readonly object[] }
  /** An access token of RFC 9068 for the deployment at `audience`. */
  readonly signIn: (subject: string, audience: string) => string
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

export function createIssuer(issuer: string): Issuer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const kid = randomUUID()
  return {
    issuer,
    jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'Ed25519', use: 'sig' }] },
    signIn: (sub, aud) => {
      const now = Math.floor(Date.now() / 1000)
      const claims = { iss: issuer, sub, aud, jti: randomUUID(), iat: now, exp: now + 900, auth_time: now, amr: ['pwd', 'otp'] }
      const signed = `${encode({ alg: 'Ed25519', typ: 'at+jwt', kid })}.${encode(claims)}`
      return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
    },
  }
}
