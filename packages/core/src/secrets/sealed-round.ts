import { createHash } from 'node:crypto'
import { canonicalJson } from '../json/canonical.ts'
import { seal, unseal } from './seal.ts'

/** What a client keeps for us between two rounds of a call, and can neither read nor alter. */
export interface SealedRound {
  /** Of caller, reach, target and arguments: the state holds for nothing else. */
  readonly binding: string
  /** The first round's decision, by which the audit knows all rounds as one call. */
  readonly callId: string
  /** ms */
  readonly expiresAt: number
  readonly state?: unknown
}

/** A state that came back: what was in it, or that it is none of ours. */
export type Resumed = 'none' | 'broken' | SealedRound

const LONGEST = 16_384

/** SHA-256 hex over everything that the state of a call holds for. */
export const roundBinding = (call: Readonly<Record<'tenant' | 'principal' | 'reach' | 'instance' | 'target' | 'definition' | 'arguments', string>>): string =>
  createHash('sha256').update(canonicalJson({ v: 1, ...call })).digest('hex')

/** `salt` is drawn once and never used again. */
export const sealRound = (key: Uint8Array, salt: string, round: SealedRound): string => seal({ key, purpose: 'portcullis-round-1' }, salt, JSON.stringify(round))

export function openRound(key: Uint8Array, sealed: string): SealedRound | 'broken' {
  const text = sealed.length > LONGEST ? undefined : unseal({ key, purpose: 'portcullis-round-1' }, sealed)
  return text === undefined ? 'broken' : (JSON.parse(text) as SealedRound)
}
