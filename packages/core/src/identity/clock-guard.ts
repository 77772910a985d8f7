/** How far the clock may step back before nothing that depends on time is decided (ms). */
const CLOCK_STEP_BACK_MS = 30_000

/** False when the clock is behind what was seen before: expired tokens and approvals would live again. */
export function clockIsSafe(highestSeenMs: number, nowMs: number): boolean {
  return Number.isFinite(nowMs) && !(nowMs < highestSeenMs - CLOCK_STEP_BACK_MS)
}

/**
 * Remembers the highest time seen by this process (ms). A clock that was ahead and is set right again is unsafe until
 * it catches up or the process starts anew: that is for an operator to decide.
 */
export class ClockGuard {
  #highest = -Infinity

  /** Whether this moment may be trusted; a later one becomes the mark for those to come. */
  observe(nowMs: number): boolean {
    if (!clockIsSafe(this.#highest, nowMs)) return false
    this.#highest = Math.max(this.#highest, nowMs)
    return true
  }
}
