import { createMcpHandler, InMemoryServerEventBus, type Server, type ServerEvent } from '@modelcontextprotocol/server'
import type { Portcullis } from '@portcullis/core'
import type { Change, Listeners } from '../changes.ts'
import { dispatch, type Caller } from '../dispatch.ts'
import { isPlainObject, type Message } from '../message.ts'
import { ingressRefusal, tooMany, type Refusal } from '../refusals.ts'
import { mayBeTold, merged, MOST_WATCHED } from '../watch.ts'
import { inFixedWords } from '../fixed-words.ts'
import { whenOver } from './when-over.ts'

const EVENTS = { tools: 'tools_list_changed', prompts: 'prompts_list_changed', resources: 'resources_list_changed' } as const
const eventOf = (change: Change): ServerEvent => (change.kind === 'resource' ? { kind: 'resource_updated', uri: change.uri } : { kind: EVENTS[change.kind] })

/**
 * `subscriptions/listen`: a stream with a bus of its own, that is fed with the changes of its caller's tenant and of no other. Each
 * watched resource passes the chain before the stream opens; when the caller's rights end, so does the stream.
 */
export async function listen(portcullis: Portcullis, listeners: Listeners, makeServer: () => Server, message: Message, caller: Caller, request: Request, body: object): Promise<Response | Refusal> {
  const uris = watchedIn(message)
  if (uris === undefined) return ingressRefusal('malformed', 'params')
  const opened = await dispatch(portcullis, message, { kind: 'listen' }, caller)
  if (opened.kind !== 'opened') return opened as Refusal
  for (const uri of uris) {
    const watched = await dispatch(portcullis, { ...message, params: { uri } }, { kind: 'call', target: 'subscription' }, caller)
    if (watched.kind !== 'result') return watched as Refusal
  }
  const bus = new InMemoryServerEventBus()
  const handler = createMcpHandler(makeServer, { legacy: 'reject', bus })
  const { tenant, principal } = opened
  const wants = (change: Change): boolean => change.kind !== 'resource' || uris.includes(change.uri)
  const tell = merged(async (change) => {
    if (await mayBeTold(portcullis, caller.asked, change).catch(() => false)) bus.publish(eventOf(change))
    else await handler.close()
  })
  const end = listeners.add({ tenant, principal, tell: (change) => { if (wants(change)) tell(change) } })
  if (end === undefined) return tooMany()
  try {
    return whenOver(await inFixedWords(await handler.fetch(request, { parsedBody: body })), end)
  } catch (fault) {
    end()
    throw fault
  }
}

function watchedIn({ params: { notifications } }: Message): readonly string[] | undefined {
  if (!isPlainObject(notifications)) return undefined
  const { resourceSubscriptions: uris = [] } = notifications
  return Array.isArray(uris) && uris.length <= MOST_WATCHED && uris.every((uri) => typeof uri === 'string') ? (uris as string[]) : undefined
}
