import type { Clock } from '@portcullis/core/ports'

interface Timer {
  readonly at: number
  readonly fire: () => void
  timeout: NodeJS.Timeout
}

/** The machine's clock, which a test can put forward: timers that are due then fire at once, the others sooner. */
export class SteeredClock implements Clock {
  #ahead = 0
  readonly #timers = new Set<Timer>()

  now = (): number => Date.now() + this.#ahead
  monotonic = (): number => performance.now() + this.#ahead

  after = (ms: number, fire: () => void): (() => void) => {
    const at = this.monotonic() + ms
    const timer: Timer = { at, fire, timeout: this.#arm(at, () => this.#fire(timer)) }
    this.#timers.add(timer)
    return () => this.#remove(timer)
  }

  jump(ms: number): void {
    this.#ahead += ms
    for (const timer of [...this.#timers].toSorted((a, b) => a.at - b.at)) {
      if (timer.at <= this.monotonic()) this.#fire(timer)
      else {
        clearTimeout(timer.timeout)
        timer.timeout = this.#arm(timer.at, () => this.#fire(timer))
      }
    }
  }

  #arm(at: number, fire: () => void): NodeJS.Timeout {
    return setTimeout(fire, at - this.monotonic()).unref()
  }

  #fire(timer: Timer): void {
    if (!this.#timers.has(timer)) return
    this.#remove(timer)
    timer.fire()
  }

  #remove(timer: Timer): void {
    clearTimeout(timer.timeout)
    this.#timers.delete(timer)
  }
}
