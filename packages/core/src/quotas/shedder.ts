import { takeRate } from './rate.ts'

/** Requests a minute, and as many at once, that are answered without a call: refusals, lists, explanations. */
export interface ShedLimits {
  readonly principal: number
  readonly tenant: number
}

export const SHED_LIMITS: ShedLimits = { principal: 600, tenant: 6_000 }
/** New durable records a minute, few enough that a flood stays small, and more for all than two hostile principals can use up: about requests that were refused, listed or explained. */
export const RECORD_LIMITS: ShedLimits = { principal: 30, tenant: 90 }

/** The most keys that are remembered; the oldest is forgotten first, which can only let more through for a moment. */
const REMEMBERED = 20_000

/** Token buckets in memory, one a key: a flood costs the flooder and never reaches the log. */
export class Shedder {
  readonly #limits: ShedLimits
  readonly #tats = new Map<string, number>()

  constructor(limits: ShedLimits) {
    this.#limits = limits
  }

  /** Takes one from each bucket; false, and nothing taken, when one is empty. */
  take(tenant: string, principal: string, credential: string | undefined, now: number): boolean {
    const taken = this.#judge(tenant, principal, credential, now)
    for (const [key, tat] of taken ?? []) this.#put(key, tat)
    return taken !== undefined
  }

  /** Whether `take` would answer false. Takes nothing. */
  isEmpty(tenant: string, principal: string, credential: string | undefined, now: number): boolean {
    return this.#judge(tenant, principal, credential, now) === undefined
  }

  #judge(tenant: string, principal: string, credential: string | undefined, now: number): readonly [key: string, tat: number][] | undefined {
    const keys: [key: string, perMinute: number][] = [
      [JSON.stringify([tenant]), this.#limits.tenant],
      [JSON.stringify([tenant, principal]), this.#limits.principal],
    ]
    if (credential !== undefined) keys.push([JSON.stringify([tenant, principal, credential]), this.#limits.principal])
    const taken: [key: string, tat: number][] = []
    for (const [key, perMinute] of keys) {
      const rate = takeRate(this.#tats.get(key), perMinute, now)
      if (!rate.ok) return undefined
      taken.push([key, rate.next])
    }
    return taken
  }

  #put(key: string, tat: number): void {
    this.#tats.delete(key)
    this.#tats.set(key, tat)
    if (this.#tats.size <= REMEMBERED) return
    const [oldest] = this.#tats.keys()
    if (oldest !== undefined) this.#tats.delete(oldest)
  }
}
