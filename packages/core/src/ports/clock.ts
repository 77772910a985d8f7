/** Time, so that tests own it. */
export interface Clock {
  /** Wall time, ms since the epoch. */
  now(): number
  /** Never runs backwards, ms from any origin. */
  monotonic(): number
  /** Runs `fire` once after `ms`; the answer cancels it. Must not keep a process alive. */
  after(ms: number, fire: () => void): () => void
}
