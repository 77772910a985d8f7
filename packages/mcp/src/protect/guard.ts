import type { Portcullis, Request as Asked, TargetKind } from '@portcullis/core'
import { askableOf } from '../askable.ts'
import { dispatch, type Answer } from '../dispatch.ts'
import { isPlainObject, type MessageId } from '../message.ts'
import { classify, type Carrier, type Classified } from '../methods.ts'
import { HOST_BROKEN, ingressRefusal, NO_SESSION, refusal, tooMany } from '../refusals.ts'
import { mayWatch } from '../watch.ts'
import { WireError } from '../wire-error.ts'
import { callThrough, type Visit } from './call.ts'
import type { Connection } from './connection.ts'
import { failureOf } from './failure.ts'
import type { Guard } from './handler-map.ts'
import { filteredList, isListable } from './lists.ts'
import { quietly } from './quietly.ts'
import { requestIdOf, type Handler } from './sdk.ts'
import { answerTask, isTaskMethod, type TaskOwners } from './tasks.ts'
import { carriedBy } from './token.ts'

/** What the guard of a server knows beside the request itself. */
export interface Guarding {
  readonly portcullis: Portcullis
  readonly tasks: TaskOwners
  readonly askedBy: (context: unknown) => Promise<Asked>
  /** The one that the server is connected to. */
  readonly connection: () => Connection
  /** Whether it speaks 2026-07-28. */
  readonly isModern: () => boolean
}

/** Judges every request of a server before its handler, whatever the method: the closed map, and `method_unclassified` for all else. */
export const guardWith = (guarding: Guarding): Guard => (method, original) => async (request, context) => {
  try {
    return await answerTo(guarding, method, original, request, context)
  } catch (thrown) {
    throw failureOf(thrown)
  }
}

async function answerTo(guarding: Guarding, method: string, original: Handler | undefined, request: unknown, context: unknown): Promise<unknown> {
  const { portcullis, tasks } = guarding
  const id = requestIdOf(context) as MessageId
  const params = isPlainObject(request) && isPlainObject(request['params']) ? request['params'] : {}
  const message = { id, method, params }
  const asked = await guarding.askedBy(context)
  const opened = await portcullis.open(asked)
  if (opened.kind !== 'open') throw new WireError(refusal(opened, portcullis.url))
  const connection = guarding.connection()
  if (!connection.bind(opened, asked)) throw new WireError(NO_SESSION)
  const { tenant, principal, authority } = opened
  const carrier = carrierOf(context, guarding.isModern())
  const visit: Visit = { portcullis, connection, message, request, context, original, asked, caller: { tenant, principal }, carrier }

  if (isTaskMethod(method) && original !== undefined && portcullis.offers.has('task')) return sent(await answerTask(visit, tasks, authority))
  const classified = classify(method, false, portcullis.offers, carrier)
  switch (isServed(classified, original) ? classified.kind : undefined) {
    case 'open': case 'forget': {
      const answer = await quietly(visit, request)
      if (method === 'initialize') connection.askable = askableOf(params['capabilities'])
      if (classified?.kind === 'forget') connection.watched.delete(String(params['uri']))
      return answer
    }
    case 'list': case 'call':
      return targeted(visit, classified as Targeted, (taskId) => tasks.add(taskId, { authority, tenant, principal, tool: String(params['name']) }))
    default:
      return sent(await dispatch(portcullis, message, undefined, { asked, signal: new AbortController().signal, askable: [], carrier }))
  }
}

type Targeted = Extract<Classified, { readonly target: TargetKind }>

/** Tools of other connectors need no handler of the server's own; everything else does. */
const isServed = (classified: Classified | undefined, original: Handler | undefined): classified is Classified =>
  classified !== undefined && (original !== undefined || ('target' in classified && classified.target === 'tool'))

async function targeted(visit: Visit, { kind, target }: Targeted, began: (taskId: string) => void): Promise<unknown> {
  if (kind === 'list') return listed(visit, target)
  const { portcullis, message: { params }, connection } = visit
  if (target === 'subscription' && !mayWatch(connection.watched, String(params['uri']))) throw new WireError(tooMany())
  const answered = await callThrough(visit, target)
  if (answered.kind === 'result' && !('isError' in answered.result)) {
    const { task } = answered.result
    if (target === 'tool' && params['task'] !== undefined && portcullis.own.has(`task:${String(params['name'])}`) && isPlainObject(task)) began(String(task['taskId']))
    if (target === 'subscription' && mayWatch(connection.watched, String(params['uri']))) connection.watched.add(String(params['uri']))
  }
  return sent(answered)
}

async function listed(visit: Visit, target: TargetKind): Promise<unknown> {
  const { portcullis, asked, request, message } = visit
  const list = await portcullis.list(asked, target)
  if (list.kind !== 'list') throw new WireError(refusal(list, portcullis.url))
  if (message.params['cursor'] !== undefined) throw new WireError(ingressRefusal('malformed', 'params')) // we gave out none
  if (!isListable(target)) throw new WireError(HOST_BROKEN)
  return filteredList(portcullis, asked, target, list, (cursor) => quietly(visit, { ...(request as object), params: { ...message.params, cursor } }))
}

function sent(answered: Answer): unknown {
  switch (answered.kind) {
    case 'result':
      return answered.result
    case 'asked':
      return { resultType: 'input_required', inputRequests: answered.requests, ...(answered.state === undefined ? {} : { requestState: answered.state }) }
    case 'refusal':
      throw new WireError(answered)
    case 'opened':
      throw new WireError(HOST_BROKEN)
  }
}

function carrierOf(context: unknown, modern: boolean): Carrier {
  if (modern) return 'modern'
  const session = isPlainObject(context) ? context['sessionId'] : undefined
  return session !== undefined || !carriedBy(context).http ? 'session' : 'stateless'
}
