import { protocolCapabilities } from '../askable.ts'
import type { Answer } from '../dispatch.ts'
import { isPlainObject } from '../message.ts'
import type { TargetKind } from '@portcullis/core'
import { HOST_BROKEN, missingCapability, type Refusal } from '../refusals.ts'
import { WireError } from '../wire-error.ts'

/** What a handler may say by throwing: the code, in our words. The text of an error may hold anything. */
const WORDS: ReadonlyMap<unknown, string> = new Map([
  [-32602, 'Invalid params'],
  [-32002, 'Resource not found'],
])

const codeOf = (thrown: unknown): unknown => (typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined)

const MISSING_CAPABILITY = -32021

/**
 * The refusal of a call whose handler threw: still the chain's, but with the code that the protocol has for what went wrong. Tools answer
 * with results; all they may throw is that their client would have to declare more before it can be asked.
 */
export function inOurWords(answered: Answer, thrown: unknown, target: TargetKind): Answer {
  const told = toldIn(answered)
  if (thrown === undefined || told?.['code'] !== 'connector_failed') return answered
  const code = codeOf(thrown)
  const required = code === MISSING_CAPABILITY ? requiredBy((thrown as { readonly data?: unknown }).data) : undefined
  if (required !== undefined) return missingCapability(required)
  const message = target === 'tool' ? undefined : WORDS.get(code)
  return message === undefined ? answered : ({ kind: 'refusal', status: 200, headers: {}, error: { code: code as number, message, data: told } } satisfies Refusal)
}

/** Getters of whoever threw may throw again; then nothing is said. */
function requiredBy(data: unknown): object | undefined {
  try {
    return isPlainObject(data) ? protocolCapabilities(data['requiredCapabilities']) : undefined
  } catch {
    return undefined
  }
}

function toldIn(answered: Answer): Readonly<Record<string, unknown>> | undefined {
  const meta = answered.kind === 'result' && answered.result['isError'] === true ? answered.result['_meta'] : undefined
  const told = answered.kind === 'refusal' ? answered.error.data : isPlainObject(meta) ? meta['dev.portcullis/denial'] : undefined
  return isPlainObject(told) ? told : undefined
}

/** What a handler outside of any call threw. */
export function failureOf(thrown: unknown): WireError {
  if (thrown instanceof WireError) return thrown
  const code = codeOf(thrown)
  const message = WORDS.get(code)
  return new WireError(message === undefined ? HOST_BROKEN : { error: { code: code as number, message } })
}
