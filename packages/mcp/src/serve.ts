import type { Portcullis, Request as Asked } from '@portcullis/core'
import { bare, stripped } from './bare.ts'
import type { Change } from './changes.ts'
import { dispatch, type Answer, type Caller } from './dispatch.ts'
import { declaredIn, isPerhapsModern, isReply, progressTokenOf, versionAsked } from './envelope.ts'
import { Exchange } from './exchange.ts'
import { guardsExisting, type Pass } from './existing.ts'
import { inFixedWords } from './fixed-words.ts'
import type { McpHostOptions } from './host-options.ts'
import type { Host, HostContext } from './host.ts'
import type { Behind, Line, Ticket } from './line.ts'
import { isLevel } from './log-level.ts'
import { isId, readMessage, type Message } from './message.ts'
import { classify, type Carrier, type Classified } from './methods.ts'
import { isStream, unlessRefused } from './peek.ts'
import { isTaskMethod } from './protect/tasks.ts'
import { HOST_BROKEN, ingressRefusal, METHOD_NOT_FOUND, refusal, refusalResponse, tooMany, unsupportedVersion, type Refusal } from './refusals.ts'
import { SessionDesk } from './session-desk.ts'
import type { Passing, Session } from './session.ts'
import { mayWatch } from './watch.ts'
import { WireError } from './wire-error.ts'

/**
 * Serves MCP from one dispatch, whatever SDK carries it: 2026-07-28, where the line speaks it, with a fresh server for every request, 2025
 * the same way or in sessions. The SDK sees method, name and `_meta`, but neither arguments nor token, and its context goes nowhere.
 */
export function serveOn(makeLine: (behind: Behind) => Line, portcullis: Portcullis, { sessions, server, onFault }: Pick<McpHostOptions, 'sessions' | 'server' | 'onFault'>): Host {
  const passes = new WeakMap<object, Pass>()
  const passOf = (ticket: object | undefined): Pass | undefined => (ticket === undefined ? undefined : passes.get(ticket))
  const line = makeLine({
    guard: guardsExisting(portcullis, passOf, onFault),
    handle: async (ticket, turn) => {
      const pass = passOf(ticket)
      if (pass === undefined) throw new WireError(HOST_BROKEN)
      return pass.exchange.resultFor(turn)
    },
  })
  /** Only an existing server may have any. */
  const hasTasks = server !== undefined && portcullis.offers.has('task')
  const { modern } = line
  const desk = sessions === undefined ? undefined : new SessionDesk(portcullis, sessions, (id) => line.wire(id))
  const notify = (tenant: string, change: Change): void => {
    modern?.notify(tenant, change)
    desk?.publish(tenant, change)
  }
  const stop = portcullis.onChange((tenant) => {
    for (const kind of ['tools', 'prompts', 'resources'] as const) notify(tenant, { kind })
  })
  return {
    sessions: desk !== undefined,
    fetch: serve,
    notify,
    async close() {
      stop()
      desk?.close()
      await modern?.close()
    },
  }

  async function serve(request: Request, { body, request: asked }: HostContext): Promise<Response> {
    const shown = bare(request, request.method === 'POST' ? undefined : request.signal)
    const sessionId = request.headers.get('mcp-session-id')
    if (request.method !== 'POST') return desk === undefined ? new Response(null, { status: 405 }) : desk.manage(shown, sessionId, asked)
    const message = readMessage(body)
    if (message === undefined) return desk !== undefined && sessionId !== null && isReply(body) ? desk.reply(shown, sessionId, asked, body) : refusalResponse(ingressRefusal('malformed', 'message'), null)
    if (modern === undefined && isPerhapsModern(shown, message)) return refusalResponse((await shut(asked)) ?? unsupportedVersion(line.versions, versionAsked(message)), message.id ?? null)
    const carrier: Carrier = modern !== undefined && (await modern.speaks(shown, message, stripped(message, hasTasks))) ? 'modern' : 'stateless'
    if (carrier === 'modern' || desk === undefined || (sessionId === null && (message.method !== 'initialize' || message.id === undefined))) return take(message, asked, request.signal, shown, carrier)
    if (sessionId === null) return desk.begin(shown, message, asked, stripped(message, hasTasks), admit({ exchange: handshake(request.signal), message, asked, signal: request.signal }))
    const session = await desk.find(sessionId, asked)
    return session.kind === 'refusal' ? refusalResponse(session, message.id ?? null) : take(message, asked, request.signal, shown, 'session', session.session)
  }

  /** Nobody hears what is wrong with a message before gates 1 and 2. */
  async function shut(asked: Asked): Promise<Refusal | undefined> {
    const opened = await portcullis.open(asked)
    return opened.kind === 'open' ? undefined : refusal(opened, portcullis.url)
  }

  async function take(message: Message, asked: Asked, gone: AbortSignal, shown: Request, carrier: Carrier, session?: Session): Promise<Response> {
    const id = message.id ?? null
    const body = stripped(message, hasTasks)
    const ofTasks = hasTasks && carrier !== 'modern' && id !== null && isTaskMethod(message.method)
    const classified: Classified | undefined = ofTasks ? { kind: 'open' } : classify(message.method, message.id === undefined, portcullis.offers, carrier)
    const stop = new AbortController()
    const signal = session === undefined ? gone : AbortSignal.any([gone, stop.signal])
    const caller: Caller = { asked, signal, carrier, askable: carrier === 'modern' ? declaredIn(message) : (session?.askable ?? []) }
    if (classified?.kind === 'listen') {
      const stream = (await modern?.listen(message, caller, bare(shown, gone), body)) ?? HOST_BROKEN
      return stream instanceof Response ? stream : refusalResponse(stream, id)
    }
    if (classified?.kind !== 'list' && classified?.kind !== 'call') {
      const early = await dispatch(portcullis, message, classified, caller)
      if (early.kind === 'refusal') return refusalResponse(classified === undefined ? { ...early, status: statusOf(early, carrier) } : early, id)
      if (message.method === 'logging/setLevel' && !isLevel(message.params['level'])) return refusalResponse(ingressRefusal('malformed', 'params'), id)
      if (classified?.kind === 'forget') session?.watched.delete(String(message.params['uri']))
      if (classified?.kind === 'dropped' && session === undefined) return new Response(null, { status: 202 })
      cancelled(session, message)
    } else if (session === undefined) {
      const refused = await shut(asked) // whoever has a session is through gates 1 and 2
      if (refused !== undefined) return refusalResponse(refused, id)
    } else if (isWatch(classified) && !mayWatch(session.watched, String(message.params['uri']))) return refusalResponse(tooMany(), id)
    const exchange = new Exchange(async (more) => remembered(session, message, classified, await run(message, classified, { ...caller, ...more })), { signal, progressToken: progressTokenOf(message), inSession: session !== undefined })
    const response = await through({ request: shown, body, ticket: admit({ exchange, message, asked, signal, onResult: () => void remembered(session, message, classified, DONE) }), stop }, carrier, session)
    if (session !== undefined && message.id !== undefined) abandonWhen(gone, session, message.id, shown)
    if (carrier === 'session') return unlessRefused(response, exchange, id)
    if (isStream(response)) return response
    if (exchange.refusal !== undefined) return refusalResponse(exchange.refusal, id)
    return exchange.ran ? response : inFixedWords(response)
  }

  function admit(pass: Pass): Ticket {
    const ticket: Ticket = { token: '', clientId: '', scopes: [] }
    passes.set(ticket, pass)
    return ticket
  }

  /** `forget` has been judged already; the SDK still wants its empty result. */
  async function run(message: Message, classified: Classified | undefined, caller: Caller): Promise<Answer> {
    return classified?.kind === 'forget' ? { kind: 'result', result: {} } : dispatch(portcullis, message, classified, caller)
  }

  /** Clients of 2025 without a session get one JSON answer instead of a stream, so that a refusal can still choose its status. */
  async function through(passing: Required<Passing>, carrier: Carrier, session: Session | undefined): Promise<Response> {
    const { request, body, ticket } = passing
    if (carrier === 'modern' && modern !== undefined) return modern.fetch(request, body, ticket)
    if (session !== undefined) return session.handle(passing)
    const wire = line.wire(undefined)
    await wire.connect()
    try {
      return await wire.transport.handleRequest(request, { parsedBody: body, authInfo: ticket })
    } finally {
      await wire.close()
    }
  }
}

const isWatch = (classified: Classified | undefined): boolean => classified?.kind === 'call' && classified.target === 'subscription'

const DONE: Answer = { kind: 'result', result: {} }

/** The SDK answers it, or an existing server. */
const handshake = (signal: AbortSignal): Exchange => new Exchange(async () => HOST_BROKEN, { signal, progressToken: undefined, inSession: false })

/** A client that went away is no longer answered, also while it is asked something. */
function abandonWhen(gone: AbortSignal, session: Session, id: NonNullable<Message['id']>, request: Request): void {
  const abandon = (): void => session.abandon(id, request)
  if (gone.aborted) abandon()
  else gone.addEventListener('abort', abandon, { once: true })
}

/** Only in a session can a client cancel by a message. */
function cancelled(session: Session | undefined, { method, params: { requestId } }: Message): void {
  if (method === 'notifications/cancelled' && isId(requestId)) session?.abandon(requestId)
}

function remembered(session: Session | undefined, { params }: Message, classified: Classified | undefined, answered: Answer): Answer {
  const uri = String(params['uri'])
  if (isWatch(classified) && answered.kind === 'result' && session !== undefined && mayWatch(session.watched, uri)) session.watched.add(uri)
  return answered
}

/** A method that does not exist is 404 in 2026-07-28; clients of 2025 take that for a lost session. */
const statusOf = ({ status, error }: Refusal, carrier: Carrier): number => (status === 200 && error.code === METHOD_NOT_FOUND && carrier === 'modern' ? 404 : status)
