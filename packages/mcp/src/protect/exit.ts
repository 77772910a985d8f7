import type { AskRequest, Note, Portcullis } from '@portcullis/core'
import { lacking } from '../askable.ts'
import type { Change } from '../changes.ts'
import { isPlainObject } from '../message.ts'
import { mayBeTold } from '../watch.ts'
import type { Connection, LiveCall } from './connection.ts'
import type { TransportLike } from './sdk.ts'
import type { Send } from './tripwire.ts'

type Fields = Readonly<Record<string, unknown>>

const ASKS: ReadonlySet<unknown> = new Set(['elicitation/create', 'sampling/createMessage', 'roots/list'])
const CHANGED: ReadonlyMap<unknown, Change['kind']> = new Map([
  ['notifications/tools/list_changed', 'tools'],
  ['notifications/prompts/list_changed', 'prompts'],
  ['notifications/resources/list_changed', 'resources'],
  ['notifications/resources/updated', 'resource'],
])

export interface ExitRules {
  readonly portcullis: Portcullis
  readonly connection: Connection
  /** Whether a task is the connection's. */
  readonly ownsTask: (taskId: unknown) => boolean
}

/**
 * Everything that a server sends of its own leaves here, whichever of its functions sent it: those of the context, those of the server,
 * and those that a handler kept for later. What belongs to no running call of this connection does not leave, but for news of changes,
 * which are judged each time. Answers go on to the tripwire.
 */
export function guardExit(transport: TransportLike, send: Send, rules: ExitRules): void {
  const answer: Send = transport.send.bind(transport)
  transport.send = (message, options) => {
    if (!isPlainObject(message) || 'result' in message || typeof message['method'] !== 'string') return answer(message, options)
    const params = isPlainObject(message['params']) ? message['params'] : {}
    const call = rules.connection.callOf(isPlainObject(options) ? options['relatedRequestId'] : undefined)
    return message['id'] === undefined ? notify(message['method'], params, call, (less) => send(less, options), rules) : ask(message, call, () => send(message, options))
  }
}

/** What is not told is dropped without a word: its sender may be anybody's code by now. */
async function notify(method: string, params: Fields, call: LiveCall | undefined, out: (message: object) => Promise<void>, { portcullis, connection: { owner, watched }, ownsTask }: ExitRules): Promise<void> {
  const pass = (allowed: Fields): Promise<void> => out({ jsonrpc: '2.0', method, ...(Object.keys(allowed).length === 0 ? {} : { params: allowed }) })
  const kind = CHANGED.get(method)
  if (kind !== undefined) {
    const change = kind === 'resource' ? { kind, uri: String(params['uri']) } : { kind }
    if (owner === undefined || (change.kind === 'resource' && !watched.has(change.uri))) return
    if (await mayBeTold(portcullis, owner.asked, change)) await pass(change.kind === 'resource' ? { uri: change.uri } : {})
    return
  }
  switch (method) {
    case 'notifications/progress':
      if (params['progressToken'] === call?.progressToken) call?.tell?.(plain({ ...params, kind: 'progress' }))
      return
    case 'notifications/message':
      return call?.tell?.(plain({ ...params, kind: 'log' }))
    case 'notifications/tasks/status':
      return ownsTask(params['taskId']) ? pass(params) : undefined
    case 'notifications/cancelled':
      return pass({ requestId: params['requestId'] }) // a question taken back; its reason is text
    case 'notifications/elicitation/complete':
      return call === undefined ? undefined : pass({ elicitationId: params['elicitationId'] })
    default:
      return
  }
}

/** As it would be written; the guard of the call judges its form. */
const plain = (note: object): Note => JSON.parse(JSON.stringify(note)) as Note

/** Questions belong to a call that may ask, of a client that said it can be asked. */
async function ask({ method, params }: Fields, call: LiveCall | undefined, out: () => Promise<void>): Promise<void> {
  if (method === 'ping') return out()
  const request = { method, ...(isPlainObject(params) ? { params } : {}) } as AskRequest
  if (call === undefined || !call.mayAsk || !ASKS.has(method) || lacking({ request }, call.connection.askable) !== undefined) throw new Error('The client may not be asked this now.')
  return out()
}

/** A note that the guard of its call let through, as MCP writes it. */
export function wireNote(note: Note, { progressToken, over }: LiveCall): object | undefined {
  if (over) return undefined
  const { kind, ...params } = note
  if (kind === 'log') return { jsonrpc: '2.0', method: 'notifications/message', params }
  return progressToken === undefined ? undefined : { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, ...params } }
}
