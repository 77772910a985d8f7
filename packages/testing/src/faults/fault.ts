import type { VirtualClock } from '../world/virtual-clock.ts'

/**
 * How a port can break: it throws; it never answers; it answers nonsense; it does its work and answers too late; it answers too late
 * because it works too late; it does its work and then throws, so that nobody knows.
 */
export const FAULTS = ['throws', 'hangs', 'misshapen', 'answers_late', 'works_late', 'throws_after'] as const
export type FaultKind = (typeof FAULTS)[number]

/** In every text of a fault: no answer may ever contain it. */
export const FAULT_TEXT = 'canary-of-a-fault-71c4'
/** Longer than any port or vendor is waited for (ms). */
const LATE = 45_000

export interface Plan {
  /** `port.verb`. */
  readonly verb: string
  readonly fault: FaultKind
  /** From its how-manieth use on, counted from 0; `once`: then only. */
  readonly from: number
  readonly sticky: boolean
}

/** Breaks verbs of ports as planned, one plan a verb, until it is told to stop. */
export class Saboteur {
  readonly #plans: readonly Plan[]
  readonly #clock: () => VirtualClock | undefined
  readonly #uses = new Map<string, number>()
  #over = false
  /** How often something was broken. */
  struck = 0

  constructor(plans: readonly Plan[], clock: () => VirtualClock | undefined) {
    this.#plans = plans
    this.#clock = clock
  }

  stop(): void {
    this.#over = true
  }

  /** The verb, or its broken twin. */
  async use<T>(verb: string, work: () => Promise<T>): Promise<T> {
    const plan = this.#plans.find((candidate) => candidate.verb === verb)
    if (plan === undefined || this.#over) return work()
    const use = this.#uses.get(verb) ?? 0
    this.#uses.set(verb, use + 1)
    if (use < plan.from || (use > plan.from && !plan.sticky)) return work()
    this.struck += 1
    switch (plan.fault) {
      case 'throws':
        throw new Error(FAULT_TEXT)
      case 'hangs':
        return new Promise<T>(() => undefined)
      case 'misshapen':
        return { kind: 'of no known kind', secret: FAULT_TEXT } as T
      case 'answers_late': {
        const answer = await work()
        await this.#later()
        return answer
      }
      case 'works_late':
        await this.#later()
        return work()
      case 'throws_after':
        await work()
        throw new Error(FAULT_TEXT)
    }
  }

  #later(): Promise<void> {
    return new Promise((resolve) => this.#clock()?.after(LATE, resolve))
  }
}
