import type { Call, TargetKind } from '@portcullis/core'
import { isName, isPlainObject, isUri, type Message } from './message.ts'

/** Resumes a held call by the id of its approval. */
const APPROVAL = 'dev.portcullis/approval'
/** A call that must happen once, however often it is sent. Core looks at what is in it. */
const IDEMPOTENCY_KEY = 'dev.portcullis/idempotency-key'
/** A sealed state is never this long. */
const LONGEST_STATE = 16_384

export type ReadCall = Pick<Call, 'tool' | 'kind' | 'arguments' | 'approvalId' | 'idempotencyKey' | 'answers'>

/** What the params ask for. Arguments of any shape go to gate 8, which answers and records; undefined for a name or a form that is none. */
export function readCall(target: TargetKind, params: Message['params']): ReadCall | undefined {
  const { _meta: meta = {} } = params
  const named = nameAndArguments(target, params)
  const answers = answersOf(params)
  if (named === undefined || answers === 'malformed' || !isPlainObject(meta)) return undefined
  const { [APPROVAL]: approvalId, [IDEMPOTENCY_KEY]: idempotencyKey } = target === 'tool' ? meta : {}
  if ((approvalId !== undefined && !isName(approvalId)) || (idempotencyKey !== undefined && typeof idempotencyKey !== 'string')) return undefined
  const { tool, sent } = named
  return { tool, kind: target, approvalId, idempotencyKey, answers, arguments: sent === undefined && approvalId === undefined ? {} : sent }
}

function nameAndArguments(target: TargetKind, params: Message['params']): { readonly tool: string; readonly sent: unknown } | undefined {
  const { name, uri, arguments: sent } = params
  switch (target) {
    case 'tool': case 'prompt': case 'task':
      return isName(name) ? { tool: name, sent } : undefined
    case 'resource': case 'template':
      return isUri(uri) ? { tool: uri, sent: { uri } } : undefined
    case 'subscription':
      return isUri(uri) ? { tool: uri, sent: {} } : undefined
    case 'completion':
      return completion(params)
  }
}

/** What is completed is named by its kind: prompts and templates have completions. */
function completion({ ref, argument, context }: Message['params']): { readonly tool: string; readonly sent: unknown } | undefined {
  if (!isPlainObject(ref) || !isPlainObject(argument)) return undefined
  const { type, name, uri } = ref
  const tool = type === 'ref/prompt' && isName(name) ? `prompt:${name}` : type === 'ref/resource' && isUri(uri) ? `template:${uri}` : undefined
  const others = isPlainObject(context) && context['arguments'] !== undefined ? { context: context['arguments'] } : {}
  return tool === undefined ? undefined : { tool, sent: { argument: argument['name'], value: argument['value'], ...others } }
}

/** What a client of 2026-07-28 was asked, in the call that goes on. */
export function answersOf({ inputResponses, requestState }: Message['params']): Call['answers'] | 'malformed' {
  if (requestState !== undefined && (typeof requestState !== 'string' || requestState.length > LONGEST_STATE)) return 'malformed'
  if (inputResponses === undefined) return requestState === undefined ? undefined : { responses: {}, state: requestState }
  if (!isPlainObject(inputResponses) || !Object.values(inputResponses).every(isPlainObject)) return 'malformed'
  return { responses: inputResponses, state: requestState }
}
