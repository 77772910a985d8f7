import { createHash } from 'node:crypto'
import type { AccessClaims } from './claims.ts'

/**
 * Remembers which tokens were verified, so that a signature is checked once. The key is SHA-256 of the complete token,
 * signature included: whoever changes one character has another token. Least recently used entries go first.
 */
export class VerifiedTokens {
  readonly #most: number
  readonly #claims = new Map<string, AccessClaims>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#claims.size
  }

  find(token: string): AccessClaims | undefined {
    const key = digest(token)
    const claims = this.#claims.get(key)
    if (claims === undefined) return undefined
    this.#claims.delete(key)
    this.#claims.set(key, claims) // a map keeps the order of insertion: now it is the youngest
    return claims
  }

  keep(token: string, claims: AccessClaims): void {
    this.#claims.set(digest(token), claims)
    if (this.#claims.size <= this.#most) return
    const [oldest] = this.#claims.keys()
    if (oldest !== undefined) this.#claims.delete(oldest)
  }

  forget(token: string): void {
    this.#claims.delete(digest(token))
  }
}

const digest = (token: string): string => createHash('sha256').update(token).digest('base64')
