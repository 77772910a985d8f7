import { CODES, type Broken, type Denial, type Effect, type Gate, type Held, type TargetKind } from '@portcullis/core'
import type { MessageId } from './message.ts'
import type { Carrier } from './methods.ts'

/** What a client is told of a refusal: under `_meta['dev.portcullis/denial']`, or as the `data` of a JSON-RPC error. */
export interface Told {
  readonly gate: Gate
  readonly code: string
  readonly message: string
  readonly remedy: string
  readonly effect: Effect
  readonly retryable: boolean
  /** Seconds. */
  readonly retryAfter?: number
  readonly approvalId?: string
  /** Absent at the ingress: what is refused there is not recorded. */
  readonly decisionId?: string
}

/** A JSON-RPC error with the HTTP status and headers that carry it. */
export interface Refusal {
  readonly kind: 'refusal'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/** A `tools/call` result that says no. Never with `structuredContent`: official clients check that against the tool's output schema and lose the denial. */
export interface DeniedResult {
  readonly isError: true
  readonly content: readonly [{ readonly type: 'text'; readonly text: string }]
  readonly _meta: { readonly 'dev.portcullis/denial': Told }
}

/** Our one error code, outside of all ranges that JSON-RPC and MCP reserve. */
const DENIED = -31403
const PARSE_ERROR = -32700
const INVALID_REQUEST = -32600
export const METHOD_NOT_FOUND = -32601
const INVALID_PARAMS = -32602
const INTERNAL_ERROR = -32603
const MISSING_CAPABILITY = -32021
const UNSUPPORTED_VERSION = -32022
/** Until 2025-11-25 a resource that is not there has a code of its own. */
const RESOURCE_NOT_FOUND = -32002
/** How old a second factor may be (s), as gate 8 has it. */
const MAX_AGE = 900
/** Where nothing says how long to wait (s). */
const RETRY_AFTER = 5

/** The JSON-RPC error for anything but the call of a tool that the caller may know. */
export function refusal(stopped: Denial | Held | Broken, url: string, target: TargetKind = 'tool', carrier: Carrier = 'modern'): Refusal {
  if (stopped.kind === 'fault') return error(INTERNAL_ERROR, 'Internal error', { effect: stopped.effect, retryable: false, decisionId: stopped.decisionId })
  if (stopped.code === 'tool_unknown') return error(carrier !== 'modern' && NOUN[target] === 'resource' ? RESOURCE_NOT_FOUND : INVALID_PARAMS, `Unknown ${NOUN[target]}`)
  const { status, headers } = httpAnswer(stopped, url)
  const { code, message } = stopped
  return { kind: 'refusal', status, headers, error: { code: code === 'method_unclassified' ? METHOD_NOT_FOUND : DENIED, message, data: tell(stopped) } }
}

const NOUN: { readonly [K in TargetKind]: string } = { tool: 'tool', resource: 'resource', template: 'resource', subscription: 'resource', prompt: 'prompt', completion: 'completion', task: 'task' }

/** A state that was altered, is late, or was given to somebody else or for another call: an error of the protocol, in the same words. */
export const stateRefusal = (stopped: Denial): Refusal => error(INVALID_PARAMS, stopped.message, tell(stopped))

/** 2026-07-28: the client would have to declare this before it may be asked. */
export const missingCapability = (requiredCapabilities: object): Refusal => ({ ...error(MISSING_CAPABILITY, 'Missing required client capability', { requiredCapabilities }), status: 400 })

/** 2026-07-28, where only earlier revisions are spoken: the client is told which, and begins anew. */
export const unsupportedVersion = (supported: readonly string[], requested: string | undefined): Refusal => ({ ...error(UNSUPPORTED_VERSION, 'Unsupported protocol version', { supported, requested }), status: 400 })

/** A client that was asked and did not answer: it refused, went away or was late. What the call did before it asked, nobody knows. */
export const UNANSWERED: Refusal = { kind: 'refusal', status: 200, headers: {}, error: { code: INTERNAL_ERROR, message: 'The client did not answer what it was asked', data: { effect: 'unknown', retryable: false } } }

/** One answer for a session that never was, has ended, or is another principal's. */
export const NO_SESSION: Refusal = { kind: 'refusal', status: 404, headers: {}, error: { code: -32001, message: 'Session not found' } }

/** A request id names one request of its session until that is answered (JSON-RPC 2.0 §4). */
export const ID_IN_FLIGHT: Refusal = { kind: 'refusal', status: 409, headers: {}, error: { code: INVALID_REQUEST, message: 'This request id is in use' } }

/** Sessions and streams are capped: the flooder waits (CH-18). */
export const tooMany = (): Refusal => {
  const { message, remedy, effect, retryable } = CODES.shed
  return { ...error(DENIED, message, { gate: 'ingress', code: 'shed', message, remedy, effect, retryable, retryAfter: 60 } satisfies Told), status: 429, headers: { 'retry-after': '60' } }
}

/** The refusal of a call. From gate 5 on the caller may know the tool, and the model is told as well; a better token is asked for over HTTP. */
export function callRefusal(stopped: Denial | Held | Broken, url: string): Refusal | DeniedResult {
  if (stopped.kind === 'fault') return refusal(stopped, url)
  switch (stopped.gate) {
    case 'ingress': case 'authenticate': case 'tenant': case 'customer': case 'snapshot':
      return refusal(stopped, url)
    default:
      return httpAnswer(stopped, url).status === 200 ? { isError: true, content: [{ type: 'text', text: sentence(stopped) }], _meta: { 'dev.portcullis/denial': tell(stopped) } } : refusal(stopped, url)
  }
}

/**
 * Status and headers of a refusal; 200 where HTTP has nothing to say. 401 (RFC 6750, RFC 9728) is for tokens that do not hold and for
 * nothing else: clients that are sent one for a policy denial sign in again for ever. So a step-up is 403 with the challenge of RFC 9470.
 */
export function httpAnswer(stopped: Denial | Held, url: string): { readonly status: number; readonly headers: Readonly<Record<string, string>> } {
  const { code } = stopped
  if (code === 'shed') return { status: 429, headers: wait(stopped) }
  if (code === 'revocation_unknown' || code === 'clock_unsafe') return { status: 503, headers: wait(stopped) }
  if (stopped.gate === 'authenticate') return { status: 401, headers: challenge(code === 'token_missing' ? '' : 'error="invalid_token", ', url) }
  if (stopped.curable === true && code === 'scope_forbids' && stopped.scope !== undefined) return { status: 403, headers: challenge(`error="insufficient_scope", scope="${stopped.scope}", `, url) }
  if (stopped.curable === true && code === 'step_up_required') return { status: 403, headers: stepUpChallenge(url) }
  return { status: 200, headers: {} }
}

/** RFC 9470: sign in again, with a second factor. */
export const stepUpChallenge = (url: string): Readonly<Record<string, string>> => challenge(`error="insufficient_user_authentication", max_age="${MAX_AGE}", `, url)

/** RFC 6750 §3 with the parameter of RFC 9728 §5.1. Names no endpoint and no id. */
const challenge = (flaw: string, url: string): Readonly<Record<string, string>> => ({ 'www-authenticate': `Bearer ${flaw}resource_metadata="${url}/.well-known/oauth-protected-resource"` })

/** Gate 0. `malformed` text is a parse error, a malformed message an invalid request, malformed params invalid ones. */
export function ingressRefusal(code: 'request_too_large' | 'request_too_deep' | 'malformed', what: 'text' | 'message' | 'params' = 'text'): Refusal {
  const { message, remedy, effect, retryable } = CODES[code]
  const told: Told = { gate: 'ingress', code, message, remedy, effect, retryable }
  const number = { text: code === 'malformed' ? PARSE_ERROR : INVALID_REQUEST, message: INVALID_REQUEST, params: INVALID_PARAMS }[what]
  return { kind: 'refusal', status: code === 'request_too_large' ? 413 : 400, headers: {}, error: { code: number, message, data: told } }
}

/** What is said when the host itself broke: no cause, and no promise about the effect. */
export const HOST_BROKEN: Refusal = { kind: 'refusal', status: 200, headers: {}, error: { code: INTERNAL_ERROR, message: 'Internal error', data: { effect: 'unknown', retryable: false } } }

/** As an HTTP response. `null` stands for an id that could not be read (JSON-RPC 2.0 §5). */
export const refusalResponse = ({ status, headers, error: { code, message, data } }: Refusal, id: MessageId | null): Response =>
  new Response(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } }), { status, headers: { ...headers, 'content-type': 'application/json' } })

export function tell(stopped: Denial | Held): Told {
  const { gate, code, message, remedy, effect, retryable, retryAfter, decisionId } = stopped
  const approvalId = stopped.kind === 'hold' ? stopped.approvalId : undefined
  return { gate, code, message, remedy, effect, retryable, ...(retryAfter === undefined ? {} : { retryAfter }), ...(approvalId === undefined ? {} : { approvalId }), decisionId }
}

/** Models see the content alone, so everything that they can act on is in it. */
function sentence(stopped: Denial | Held): string {
  const { code, message, remedy, effect, retryAfter, approvalId, decisionId } = tell(stopped)
  const facts = [
    `code ${code}`,
    ...(effect === 'none' ? [] : [`effect ${effect}`]),
    ...(retryAfter === undefined ? [] : [`retry after ${retryAfter} s`]),
    ...(approvalId === undefined ? [] : [`approval ${approvalId}`]),
    `decision ${decisionId}`,
  ]
  return `${message} ${remedy} (${facts.join(', ')})`
}

const wait = ({ retryAfter = RETRY_AFTER }: Denial | Held): Record<string, string> => ({ 'retry-after': String(retryAfter) })

const error = (code: number, message: string, data?: unknown): Refusal => ({ kind: 'refusal', status: 200, headers: {}, error: data === undefined ? { code, message } : { code, message, data } })
