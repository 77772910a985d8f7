const MINUTE = 60_000
/** Nothing is further away than a minute (ms), but for what was written by a clock that was ahead and has been set right. */
const FARTHEST = 2 * MINUTE
/** What a minute's worth of fractions may add up to (ms): far less than any interval. */
const ROUNDING = 1e-3

export type RateAnswer = { readonly ok: true; readonly next: number } | { readonly ok: false; readonly retryAfter: number }

/**
 * Generic cell rate algorithm: one number a key, the theoretical arrival time (ms). `perMinute` calls a minute, and as many at once.
 * `retryAfter` in whole seconds, at least 1.
 */
export function takeRate(tat: number | undefined, perMinute: unknown, now: number): RateAnswer {
  if (typeof perMinute !== 'number' || !(perMinute >= 1)) return { ok: false, retryAfter: 60 } // less than one a minute, or no number, is no limit that anything fits
  const interval = MINUTE / perMinute
  const start = tat !== undefined && tat <= now + FARTHEST ? Math.max(tat, now) : now
  const wait = start + interval - now - MINUTE
  return wait > ROUNDING ? { ok: false, retryAfter: Math.max(1, Math.ceil(wait / 1000)) } : { ok: true, next: start + interval }
}
