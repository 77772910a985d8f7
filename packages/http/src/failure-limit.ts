/** Failed attempts a minute, and as many at once: of one key id, and of everybody together. */
const LIMITS = { key: 10, all: 6_000 } as const
const MINUTE = 60_000
const MOST_REMEMBERED = 10_000

/** Counts failed attempts in memory and refuses further ones for a while. Key ids that exist and ones that do not count alike. */
export class FailureLimit {
  readonly #now: () => number
  /** When the failures counted so far would be forgiven (ms). */
  readonly #until = new Map<string, number>()
  #all = -Infinity

  /** `now` is monotonic, in ms. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Seconds to wait; 0 = go on. */
  wait(keyId: string): number {
    const now = this.#now()
    return Math.max(waitOf(this.#until.get(keyId), LIMITS.key, now), waitOf(this.#all, LIMITS.all, now))
  }

  failed(keyId: string): void {
    const now = this.#now()
    this.#all = Math.max(this.#all, now) + MINUTE / LIMITS.all
    const until = Math.max(this.#until.get(keyId) ?? now, now) + MINUTE / LIMITS.key
    this.#until.delete(keyId)
    this.#until.set(keyId, until)
    const [oldest] = this.#until.keys()
    if (this.#until.size > MOST_REMEMBERED && oldest !== undefined) this.#until.delete(oldest)
  }
}

const waitOf = (until: number | undefined, perMinute: number, now: number): number =>
  until === undefined ? 0 : Math.max(0, Math.ceil((until - now - MINUTE + MINUTE / perMinute) / 1000))
