import type { Clock, Storage } from '@portcullis/core/ports'

/** A clock that stands until somebody sets it. */
export interface LawClock extends Clock {
  set(now: number): void
}

/** What storage laws are checked on: a new, empty storage that reads its time from `clock` alone. */
export interface StorageSubject {
  readonly storage: Storage
  readonly clock: LawClock
  /** Closes the storage and opens it again, where it outlives that. */
  readonly reopen?: () => Promise<Storage>
  dispose(): Promise<void>
}

/** Stands still at `start` (ms). Timers fire when the clock is set to their time or later. */
export function manualClock(start: number): LawClock {
  let at = start
  let timers: { readonly due: number; readonly fire: () => void }[] = []
  return {
    now: () => at,
    monotonic: () => at,
    after(ms, fire) {
      const timer = { due: at + ms, fire }
      timers.push(timer)
      return () => { timers = timers.filter((other) => other !== timer) }
    },
    set(now) {
      at = now
      const due = timers.filter((timer) => timer.due <= now)
      timers = timers.filter((timer) => timer.due > now)
      for (const timer of due) timer.fire()
    },
  }
}
