import type { Answer } from '../dispatch.ts'
import { isPlainObject } from '../message.ts'
import { HOST_BROKEN, type Refusal } from '../refusals.ts'
import { WireError } from '../wire-error.ts'

/** What a handler may say by throwing: the code, in our words. The text of an error may hold anything. */
const WORDS: ReadonlyMap<unknown, string> = new Map([
  [-32602, 'Invalid params'],
  [-32002, 'Resource not found'],
])

const codeOf = (thrown: unknown): unknown => (typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined)

/** The refusal of a call whose handler threw: still the chain's, but with the code that the protocol has for what went wrong. */
export function inOurWords(answered: Answer, thrown: unknown): Answer {
  const code = codeOf(thrown)
  const message = WORDS.get(code)
  if (answered.kind !== 'refusal' || message === undefined || !isPlainObject(answered.error.data) || answered.error.data['code'] !== 'connector_failed') return answered
  return { ...answered, error: { code: code as number, message, data: answered.error.data } } satisfies Refusal
}

/** What a handler outside of any call threw. */
export function failureOf(thrown: unknown): WireError {
  if (thrown instanceof WireError) return thrown
  const code = codeOf(thrown)
  const message = WORDS.get(code)
  return new WireError(message === undefined ? HOST_BROKEN : { error: { code: code as number, message } })
}
