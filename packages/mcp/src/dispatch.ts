import type { AskKind, AskRequest, Call, Held, Note, Portcullis, Request as Asked, TargetKind } from '@portcullis/core'
import { lacking } from './askable.ts'
import { isName, type Message } from './message.ts'
import type { Carrier, Classified } from './methods.ts'
import { readCall } from './read-call.ts'
import { callRefusal, ingressRefusal, missingCapability, refusal, stateRefusal, type DeniedResult, type Refusal } from './refusals.ts'
import { showResult } from './results.ts'
import { showList } from './target-list.ts'

export type Answer =
  | { readonly kind: 'result'; readonly result: Readonly<Record<string, unknown>> | DeniedResult }
  | Refusal
  /** The client is asked; the same call with its answers and `state` goes on. */
  | { readonly kind: 'asked'; readonly requests: Readonly<Record<string, AskRequest>>; readonly state?: string }
  /** The gates let it through, and what remains is the protocol's own: a handshake to answer, or a notification to drop. */
  | { readonly kind: 'opened'; readonly tenant: string; readonly principal: string }

/** Who sent a message and what it can be asked. */
export interface Caller {
  readonly asked: Asked
  readonly signal: AbortSignal
  /** Empty where nothing can be asked: no capability, or no way to send it. */
  readonly askable: readonly AskKind[]
  /** Default: 2026-07-28. */
  readonly carrier?: Carrier
  readonly onNote?: ((note: Note) => void) | undefined
  /** Of a round that the host itself carried to the client and back; otherwise they come with the message. */
  readonly answers?: Call['answers']
}

/** Answers one message, whatever SDK carries it. `classified` is undefined for a method that is refused whatever it says. */
export async function dispatch(portcullis: Portcullis, { params }: Message, classified: Classified | undefined, caller: Caller): Promise<Answer> {
  const { asked } = caller
  const { url } = portcullis
  switch (classified?.kind) {
    case undefined:
      return refusal(await portcullis.unclassified(asked), url)
    case 'open': case 'dropped': case 'listen': case 'forget': {
      const opened = await portcullis.open(asked)
      return opened.kind === 'open' ? { kind: 'opened', tenant: opened.tenant, principal: opened.principal } : refusal(opened, url)
    }
    case 'list': {
      const list = await portcullis.list(asked, classified.target)
      if (list.kind !== 'list') return refusal(list, url)
      return params['cursor'] === undefined ? { kind: 'result', result: showList(classified.target, list) } : ingressRefusal('malformed', 'params') // we gave out none
    }
    case 'call':
      return call(portcullis, classified.target, params, caller)
  }
}

async function call(portcullis: Portcullis, target: TargetKind, params: Message['params'], { asked, signal, askable, carrier, onNote, answers }: Caller): Promise<Answer> {
  const read = readCall(target, params)
  if (read === undefined) return ingressRefusal('malformed', 'params')
  const sent = answers ?? read.answers
  const outcome = await portcullis.enforce({ ...asked, ...read, answers: sent, signal, askable, onNote })
  const { url } = portcullis
  if (outcome.kind === 'result') return { kind: 'result', result: showResult(outcome) }
  if (outcome.kind === 'asked') {
    const missing = lacking(outcome.requests, askable)
    return missing === undefined ? { kind: 'asked', requests: outcome.requests, state: outcome.state } : missingCapability(missing)
  }
  if (outcome.kind === 'hold' && sent === undefined && askable.includes('elicitation_url') && isName(outcome.approvalId) && outcome.code === 'approval_required') return link(outcome, url)
  // What was bound to a state was valid before: it is the state that does not hold.
  if (outcome.kind === 'denial' && outcome.code === 'input_invalid' && sent?.state !== undefined) return stateRefusal(outcome)
  const refused = target === 'tool' ? callRefusal(outcome, url) : refusal(outcome, url, target, carrier)
  return 'isError' in refused ? { kind: 'result', result: { ...refused } } : refused
}

/** Once, when the request opens: where its requester sees how it stands. The ballot is for others, and clients repeat at once what they are asked twice. */
const link = ({ message, approvalId }: Held, url: string): Answer => ({
  kind: 'asked',
  requests: { approval: { method: 'elicitation/create', params: { mode: 'url', message, url: `${url}/approvals/${approvalId}/status` } } },
})
