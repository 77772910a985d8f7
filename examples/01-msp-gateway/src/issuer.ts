import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose'

/** A sign-in as it ends up in a token. */
export interface SignIn {
  readonly person: string
  /** The gateway's url. */
  readonly audience: string
  /** An agent's client that acts for the person (RFC 8693 `act`). Absent = the person's own, interactive session. */
  readonly client?: string
  /** False = with a password alone. */
  readonly secondFactor?: boolean
}

/** One MSP's identity provider: the gateway is given its public key and never asks it anything. */
export interface Issuer {
  readonly issuer: string
  readonly jwks: { readonly keys: readonly JWK[] }
  readonly signIn: (how: SignIn) => Promise<string>
}

/** Access tokens of RFC 9068, signed with Ed25519, 15 minutes long. They say who signed in and how, and nothing about roles. */
export async function createIssuer(issuer: string): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('Ed25519')
  const kid = randomUUID()
  return {
    issuer,
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'Ed25519', use: 'sig' }] },
    signIn: ({ person, audience, client, secondFactor = true }) => {
      const now = Math.floor(Date.now() / 1000)
      const claims = { auth_time: now, amr: secondFactor ? ['pwd', 'otp'] : ['pwd'], ...(client === undefined ? {} : { act: { sub: client } }) }
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'Ed25519', typ: 'at+jwt', kid })
        .setIssuer(issuer).setSubject(person).setAudience(audience).setJti(randomUUID()).setIssuedAt(now).setExpirationTime(now + 900)
        .sign(privateKey)
    },
  }
}
