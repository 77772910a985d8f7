import type { Call, Portcullis, Request as Asked } from '@portcullis/core'
import { isName, isPlainObject, type Message } from './message.ts'
import { classify } from './methods.ts'
import { callRefusal, ingressRefusal, refusal, type DeniedResult, type Refusal } from './refusals.ts'
import { showTools, type WireToolList } from './tool-list.ts'

/** The one `_meta` key that is read: resumes a held call by the id of its approval. */
const APPROVAL = 'dev.portcullis/approval'

export interface CallResult {
  readonly content: readonly [{ readonly type: 'text'; readonly text: string }]
  readonly structuredContent: Record<string, unknown>
}

export type Answer =
  | { readonly kind: 'result'; readonly result: WireToolList | CallResult | DeniedResult }
  | Refusal
  /** The gates let it through, and what remains is the protocol's own: a handshake to answer, or a notification to drop. */
  | { readonly kind: 'opened' }

/** Answers one message, whatever SDK carries it. Reads `method`, the tool's name and arguments and one `_meta` key, and nothing else. */
export async function dispatch(portcullis: Portcullis, { method, id, params }: Message, asked: Asked, signal: AbortSignal): Promise<Answer> {
  const { url } = portcullis
  switch (classify(method, id === undefined)) {
    case 'open': case 'dropped': {
      const opened = await portcullis.open(asked)
      return opened.kind === 'open' ? { kind: 'opened' } : refusal(opened, url)
    }
    case 'list': {
      const list = await portcullis.list(asked)
      if (list.kind !== 'list') return refusal(list, url)
      return params['cursor'] === undefined ? { kind: 'result', result: showTools(list) } : ingressRefusal('malformed', 'params') // we gave out none
    }
    case 'call': {
      const call = readCall(params, asked, signal)
      if (call === undefined) return ingressRefusal('malformed', 'params')
      const outcome = await portcullis.enforce(call)
      if (outcome.kind === 'result') return { kind: 'result', result: { content: [{ type: 'text', text: outcome.text }], structuredContent: JSON.parse(outcome.text) as Record<string, unknown> } }
      const refused = callRefusal(outcome, url)
      return 'isError' in refused ? { kind: 'result', result: refused } : refused
    }
    case undefined:
      return refusal(await portcullis.unclassified(asked), url)
  }
}

/** Arguments of any shape go to gate 8, which answers and records. Only an approval id or a name that is none stops here. */
function readCall(params: Message['params'], asked: Asked, signal: AbortSignal): Call | undefined {
  const { name, arguments: sent, _meta: meta = {} } = params
  const approvalId = isPlainObject(meta) ? meta[APPROVAL] : undefined
  if (!isName(name) || !isPlainObject(meta) || (approvalId !== undefined && !isName(approvalId))) return undefined
  return { ...asked, tool: name, signal, approvalId, arguments: sent === undefined && approvalId === undefined ? {} : sent }
}
