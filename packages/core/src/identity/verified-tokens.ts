import { hash } from 'node:crypto'
import type { AccessClaims } from './claims.ts'

/** Characters of all remembered tokens: claims take about as much, and whoever signs tokens decides how long they are. */
const MOST_CHARACTERS = 16 * 1024 * 1024

interface Remembered {
  readonly claims: AccessClaims
  readonly length: number
}

/**
 * Remembers which tokens were verified, so that a signature is checked once. The key is SHA-256 of the complete token,
 * signature included: whoever changes one character has another token. Bounded by number and by length; least recently used entries go
 * first.
 */
export class VerifiedTokens {
  readonly #most: number
  readonly #mostCharacters: number
  readonly #tokens = new Map<string, Remembered>()
  #characters = 0

  constructor(most: number, mostCharacters = MOST_CHARACTERS) {
    this.#most = most
    this.#mostCharacters = mostCharacters
  }

  get size(): number {
    return this.#tokens.size
  }

  find(token: string): AccessClaims | undefined {
    const key = digest(token)
    const known = this.#tokens.get(key)
    if (known === undefined) return undefined
    this.#tokens.delete(key)
    this.#tokens.set(key, known) // a map keeps the order of insertion: now it is the youngest
    return known.claims
  }

  keep(token: string, claims: AccessClaims): void {
    this.forget(token)
    this.#tokens.set(digest(token), { claims, length: token.length })
    this.#characters += token.length
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= this.#most && this.#characters <= this.#mostCharacters) return
      this.#drop(oldest)
    }
  }

  forget(token: string): void {
    this.#drop(digest(token))
  }

  #drop(key: string): void {
    this.#characters -= this.#tokens.get(key)?.length ?? 0
    this.#tokens.delete(key)
  }
}

const digest = (token: string): string => hash('sha256', token, 'base64')
