/** Failed attempts a minute that are answered as such, and as many at once: of one key id, and of everybody together. */
const LIMITS = { key: 10, all: 6_000 } as const
const MINUTE = 60_000
const MOST_REMEMBERED = 10_000

/**
 * Counts failed attempts in memory; further failures are told to wait. It is asked after an attempt has failed and never before: a secret
 * has 256 random bits, so nobody guesses it, and whoever could lock others out by failing would. Key ids that exist and ones that do
 * not count alike.
 */
export class FailureLimit {
  readonly #now: () => number
  /** When the failures counted so far would be forgiven (ms). */
  readonly #until = new Map<string, number>()
  #all = -Infinity

  /** `now` is monotonic, in ms. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Counts a failure, of no key id where the secret had no form. Seconds to wait; 0 = this one is within the limits. */
  failed(keyId: string | undefined): number {
    const now = this.#now()
    const wait = Math.max(waitOf(keyId === undefined ? undefined : this.#until.get(keyId), LIMITS.key, now), waitOf(this.#all, LIMITS.all, now))
    if (wait > 0) return wait
    this.#all = Math.max(this.#all, now) + MINUTE / LIMITS.all
    if (keyId !== undefined) this.#count(keyId, now)
    return 0
  }

  #count(keyId: string, now: number): void {
    const until = Math.max(this.#until.get(keyId) ?? now, now) + MINUTE / LIMITS.key
    this.#until.delete(keyId)
    this.#until.set(keyId, until)
    const [oldest] = this.#until.keys()
    if (this.#until.size > MOST_REMEMBERED && oldest !== undefined) this.#until.delete(oldest)
  }
}

const waitOf = (until: number | undefined, perMinute: number, now: number): number =>
  until === undefined ? 0 : Math.max(0, Math.ceil((until - now - MINUTE + MINUTE / perMinute) / 1000))
