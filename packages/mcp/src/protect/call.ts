import type { AskKind, Portcullis, Request as Asked, TargetKind } from '@portcullis/core'
import { askableOf } from '../askable.ts'
import { dispatch, type Answer, type Caller } from '../dispatch.ts'
import { progressTokenOf } from '../envelope.ts'
import { isPlainObject, type Message, type MessageId } from '../message.ts'
import type { Carrier } from '../methods.ts'
import { inOurWords } from './failure.ts'
import { inCall, type Connection } from './connection.ts'
import { continueWith } from './continuations.ts'
import { wireNote } from './exit.ts'
import { answerOf, requestFor } from './goes-on.ts'
import { scrub, type ProtectedCaller } from './scrub.ts'
import { signalOf, type Handler } from './sdk.ts'

const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'

/** One request of somebody who was let in, with the handler that would have answered it. */
export interface Visit {
  readonly portcullis: Portcullis
  readonly connection: Connection
  readonly message: Message & { readonly id: MessageId }
  readonly request: unknown
  readonly context: unknown
  readonly original: Handler | undefined
  readonly asked: Asked
  readonly caller: ProtectedCaller
  readonly carrier: Carrier
}

/**
 * Takes a call through the whole chain, and its handler goes on where the chain dispatches: with the arguments that were judged, a context
 * without credentials, and a voice that ends with the call. `message` is what is judged; it differs from the request for tasks.
 */
export async function callThrough(visit: Visit, target: TargetKind, message: Message = visit.message): Promise<Answer> {
  const { portcullis, connection, request, context, original, asked, caller, carrier } = visit
  const call = connection.begin(visit.message.id, visit.message.method, progressTokenOf(visit.message))
  const ended = new AbortController()
  const gone = signalOf(context)
  const { signal } = ended
  // A signal made of both would keep the whole server alive until the next full collection.
  const leave = (): void => ended.abort(gone?.reason)
  if (gone?.aborted === true) leave()
  else gone?.addEventListener('abort', leave, { once: true })
  let failure: unknown
  let running = false
  continueWith(signal, async (run, classified) => {
    running = true
    call.tell = run.tell
    call.mayAsk = classified.risk !== 'destructive'
    const given = scrub(context, { caller: { ...caller, callId: run.callId }, signal, round: run.round })
    try {
      if (original === undefined) throw new Error('The server has no handler for this.')
      return answerOf(await inCall.run(call, async () => original(requestFor(request, target, run, classified), given)))
    } catch (thrown) {
      failure = thrown
      throw thrown
    } finally {
      running = false
    }
  })
  const onNote: Caller['onNote'] = (note) => {
    const message = wireNote(note, call)
    if (message !== undefined) void connection.send(message, { relatedRequestId: call.id }).catch(() => undefined)
  }
  try {
    return inOurWords(await dispatch(portcullis, message, { kind: 'call', target }, { asked, signal, askable: askableBy(context, carrier), carrier, onNote, answers: answersIn(context) }), failure, target)
  } finally {
    connection.end(call)
    gone?.removeEventListener('abort', leave)
    if (running) ended.abort() // it was answered without its handler, which may yet ask somebody
  }
}

/** Questions as answers are of 2026-07-28 alone: before, a call asks while it runs. */
function askableBy(context: unknown, carrier: Carrier): readonly AskKind[] {
  const mcpReq = isPlainObject(context) ? context['mcpReq'] : undefined
  const envelope = isPlainObject(mcpReq) ? mcpReq['envelope'] : undefined
  return carrier === 'modern' && isPlainObject(envelope) ? askableOf(envelope[CAPABILITIES]) : []
}

/** The second line takes them out of the params. */
function answersIn(context: unknown): Caller['answers'] {
  const mcpReq = isPlainObject(context) ? context['mcpReq'] : undefined
  if (!isPlainObject(mcpReq)) return undefined
  const { inputResponses, requestState } = mcpReq
  const state: unknown = typeof requestState === 'function' ? (requestState as () => unknown)() : undefined
  if (inputResponses === undefined && typeof state !== 'string') return undefined
  return { responses: isPlainObject(inputResponses) ? inputResponses : {}, state: typeof state === 'string' ? state : undefined }
}
