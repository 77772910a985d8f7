/** Facts older than this decide nothing (ms). */
const MAX_AGE = 120_000

/** Facts from the future are as unusable as old ones: somebody's clock is wrong. */
export const isFresh = (asOf: number, now: number): boolean => Number.isFinite(asOf) && now - asOf <= MAX_AGE && asOf - now <= MAX_AGE
