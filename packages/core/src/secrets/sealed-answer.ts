import type { Idempotency } from '../ledger/item.ts'
import { seal, unseal } from './seal.ts'

/** Whose answer it is: moved to another tenant, call, key or fingerprint, it does not open. */
export interface AnswerOf extends Idempotency {
  readonly tenant: string
  readonly callId: string
}

/** A sealed answer is kept up to this length (bytes): about 48 kB of JSON. */
const LONGEST = 65_536

const besides = ({ tenant, callId, key, fingerprint }: AnswerOf): string => JSON.stringify([tenant, callId, key, fingerprint])

/** An answer at rest, or undefined when it is too large to be kept. `salt` is drawn once and never used again. */
export function sealAnswer(key: Uint8Array, salt: string, of: AnswerOf, text: string): string | undefined {
  if (Buffer.byteLength(text) > LONGEST) return undefined
  const sealed = seal({ key, purpose: 'portcullis-answer-1', beside: besides(of) }, salt, text)
  return sealed.length > LONGEST ? undefined : sealed
}

/** Undefined when it is not the answer of that call. */
export const openAnswer = (key: Uint8Array, of: AnswerOf, sealed: string): string | undefined =>
  sealed.length > LONGEST ? undefined : unseal({ key, purpose: 'portcullis-answer-1', beside: besides(of) }, sealed)
