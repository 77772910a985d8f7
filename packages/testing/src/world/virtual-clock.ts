import type { Clock } from '@portcullis/core/ports'

/** The first moment of every pretended history: late enough in a month that a day's step begins another billing period. */
export const BEGINNING = Date.UTC(2026, 10, 30, 6)

/** Time that moves only when it is told to. */
export class VirtualClock implements Clock {
  #now: number
  #monotonic = 0
  #next = 0
  readonly #timers = new Map<number, { readonly due: number; readonly fire: () => void }>()

  constructor(now = BEGINNING) {
    this.#now = now
  }

  now = (): number => this.#now
  monotonic = (): number => this.#monotonic

  after = (ms: number, fire: () => void): (() => void) => {
    const id = this.#next++
    this.#timers.set(id, { due: this.#monotonic + ms, fire })
    return () => this.#timers.delete(id)
  }

  /** Jumps, as a machine that slept: what is due fires once, in its order. Backwards moves the wall clock alone. */
  jump(ms: number): void {
    this.#now += ms
    if (ms < 0) return
    this.#monotonic += ms
    const due = [...this.#timers].filter(([, timer]) => timer.due <= this.#monotonic).toSorted(([, a], [, b]) => a.due - b.due)
    for (const [id, { fire }] of due) if (this.#timers.delete(id)) fire()
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size
  }
}

/** Lets everything that is ready run until nothing is. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
