import { VENDOR_FAILURES } from './connectors/vendor.ts'
import type { DispatchAnswer, OwnerAnswer } from './ports/dispatcher.ts'
import { Secret } from './secrets/secret.ts'

const NOT_SENT = new Set<unknown>(['credential_unavailable', 'endpoint_forbidden', 'connector_timeout', 'connector_failed', 'cancelled'])
const UNKNOWN = new Set<unknown>(['connector_timeout', 'connector_failed', 'cancelled'])
const FAILURES = new Set<unknown>([...VENDOR_FAILURES, 'connector_failed', 'connector_timeout', 'cancelled'])
const BROKEN = { kind: 'unknown', code: 'connector_failed' } as const

type Fields = Readonly<Record<string, unknown>>
const fieldsOf = (answer: unknown): Fields => (typeof answer === 'object' && answer !== null ? (answer as Fields) : {})

/** A dispatcher's answer is not trusted to have the right shape: any other is an unknown outcome. */
export function checkedAnswer(answer: unknown): DispatchAnswer {
  const { kind, injected } = fieldsOf(answer)
  if (kind !== 'succeeded') return isFailure(answer) ? answer : BROKEN
  const secrets = injected === undefined || (Array.isArray(injected) && injected.every((secret) => secret instanceof Secret))
  return secrets ? (answer as DispatchAnswer) : BROKEN
}

/** The same for the owner of a record. */
export function checkedOwner(answer: unknown): OwnerAnswer {
  const { kind, key } = fieldsOf(answer)
  if (kind !== 'owner') return isFailure(answer) ? answer : BROKEN
  return key === undefined || typeof key === 'string' || typeof key === 'number' ? (answer as OwnerAnswer) : BROKEN
}

function isFailure(answer: unknown): answer is Exclude<DispatchAnswer, { kind: 'succeeded' }> {
  const { kind, code, failure, sent, retryAfter } = fieldsOf(answer)
  switch (kind) {
    case 'not_sent':
      return NOT_SENT.has(code)
    case 'unknown':
      return UNKNOWN.has(code)
    default:
      return kind === 'failed' && FAILURES.has(failure) && typeof sent === 'boolean' && (retryAfter === undefined || (Number.isSafeInteger(retryAfter) && (retryAfter as number) >= 0))
  }
}
