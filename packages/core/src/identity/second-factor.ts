import type { AccessClaims } from './claims.ts'

/**
 * What each method of RFC 8176 proves. Left out on purpose: `sms` and `tel` (numbers are taken over; NIST SP 800-63B
 * restricts them), `kba` (answers are no secret), `pop` (does not say what holds the key), `user` (presence, not who),
 * `mca`, `rba`, `geo`, `wia` (how or where, not who). A name that is not listed proves nothing.
 */
const FACTORS: ReadonlyMap<string, 'knowledge' | 'possession' | 'inherence'> = new Map([
  ['pwd', 'knowledge'], ['pin', 'knowledge'],
  ['otp', 'possession'], ['hwk', 'possession'], ['swk', 'possession'], ['sc', 'possession'],
  ['face', 'inherence'], ['fpt', 'inherence'], ['iris', 'inherence'], ['retina', 'inherence'], ['vbm', 'inherence'],
])

/**
 * Whether `amr` shows a second factor: the issuer says so (`mfa`), or it names two of different kinds. One alone, be it
 * a one-time code or a fingerprint, is a first factor: codes sent by mail are reported as `otp` too.
 */
export function hasSecondFactor(methods: readonly string[]): boolean {
  const kinds = new Set(methods.map((method) => FACTORS.get(method)))
  kinds.delete(undefined)
  return methods.includes('mfa') || kinds.size >= 2
}

/** AP-02: a human's own sign-in, with a second factor, that nobody else acts through. Whether human is the directory's to say. */
export function interactive(claims: Pick<AccessClaims, 'authTime' | 'methods' | 'actor'>): boolean {
  return claims.authTime !== undefined && hasSecondFactor(claims.methods) && claims.actor === undefined
}
