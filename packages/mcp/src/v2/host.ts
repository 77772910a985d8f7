import { createMcpHandler, isLegacyRequest, ProtocolErrorCode, WebStandardStreamableHTTPServerTransport, type Server, type ServerContext } from '@modelcontextprotocol/server'
import type { AskKind, Portcullis, Request as Asked } from '@portcullis/core'
import { askableOf } from '../askable.ts'
import { Listeners, type Change } from '../changes.ts'
import { dispatch, type Answer, type Caller } from '../dispatch.ts'
import type { McpHostOptions } from '../host-options.ts'
import type { Host, HostContext } from '../host.ts'
import { isPlainObject, readMessage, type Message } from '../message.ts'
import { classify, type Carrier, type Classified } from '../methods.ts'
import { ingressRefusal, refusal, refusalResponse, type Refusal } from '../refusals.ts'
import { Exchange, noExchange } from './exchange.ts'
import { inFixedWords } from './fixed-words.ts'
import { listen } from './listen.ts'
import { makeServer } from './make-server.ts'
import { isStream, unlessRefused } from './peek.ts'
import type { Session } from './session.ts'
import { SessionDesk } from './session-desk.ts'

/** Streams of changes, of one principal, of one tenant and of all together. */
const STREAMS = { principal: 8, tenant: 256, all: 1_024 } as const
const MODERN = '2026-07-28'
const VERSION = 'io.modelcontextprotocol/protocolVersion'
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'

/**
 * Serves both protocol eras from one dispatch: 2026-07-28 with a fresh server for every request, 2025 the same way or in sessions. The
 * SDK sees method, name and `_meta`, but neither arguments nor token, and its context goes nowhere.
 */
export function mcpHost(portcullis: Portcullis, options: McpHostOptions = {}): Host {
  const exchanges = new WeakMap<Request, Exchange>()
  const listeners = new Listeners(STREAMS)
  const answer = async (context: ServerContext): Promise<object> => (context.http?.req === undefined ? undefined : exchanges.get(context.http.req))?.resultFor(context) ?? noExchange()
  const server = (carrier: Carrier): Server => makeServer(portcullis, options, carrier, answer)
  const modern = createMcpHandler(() => server('modern'), { legacy: 'reject' })
  const desk = options.sessions === undefined ? undefined : new SessionDesk(portcullis, options.sessions, () => server('session'))
  const stop = portcullis.onChange((tenant) => {
    for (const kind of ['tools', 'prompts', 'resources'] as const) notify(tenant, { kind })
  })
  const notify = (tenant: string, change: Change): void => {
    listeners.publish(tenant, change)
    desk?.publish(tenant, change)
  }
  return {
    sessions: desk !== undefined,
    fetch: serve,
    notify,
    async close() {
      stop()
      desk?.close()
      await modern.close()
    },
  }

  async function serve(request: Request, { body, request: asked }: HostContext): Promise<Response> {
    const shown = bare(request, request.method === 'POST' ? undefined : request.signal)
    const sessionId = request.headers.get('mcp-session-id')
    if (request.method !== 'POST') return desk === undefined ? new Response(null, { status: 405 }) : desk.manage(shown, sessionId, asked)
    const message = readMessage(body)
    if (message === undefined) return desk !== undefined && sessionId !== null && isReply(body) ? desk.reply(shown, sessionId, asked, body) : refusalResponse(ingressRefusal('malformed', 'message'), null)
    const legacy = !isSurelyModern(shown, message) && (await isLegacyRequest(shown, stripped(message)))
    if (!legacy || desk === undefined || (sessionId === null && (message.method !== 'initialize' || message.id === undefined))) return take(message, asked, request.signal, shown, legacy ? 'stateless' : 'modern')
    if (sessionId === null) return desk.begin(shown, message, asked, stripped(message))
    const session = await desk.find(sessionId, asked)
    return session.kind === 'refusal' ? refusalResponse(session, message.id ?? null) : take(message, asked, request.signal, shown, 'session', session.session)
  }

  async function take(message: Message, asked: Asked, gone: AbortSignal, shown: Request, carrier: Carrier, session?: Session): Promise<Response> {
    const id = message.id ?? null
    const forSdk = stripped(message)
    const classified = classify(message.method, message.id === undefined, portcullis.offers, carrier)
    const askable = carrier === 'modern' ? declaredIn(message) : (session?.askable ?? [])
    const caller: Caller = { asked, signal: gone, askable }
    if (classified?.kind === 'listen') {
      const stream = await listen(portcullis, listeners, () => server('modern'), message, caller, bare(shown, gone), forSdk)
      return stream instanceof Response ? stream : refusalResponse(stream, id)
    }
    if (classified?.kind !== 'list' && classified?.kind !== 'call') {
      const early = await dispatch(portcullis, message, classified, caller)
      if (early.kind === 'refusal') return refusalResponse(classified === undefined ? { ...early, status: statusOf(early, carrier) } : early, id)
      if (classified?.kind === 'forget') session?.watched.delete(String(message.params['uri']))
      if (classified?.kind === 'dropped' && session === undefined) return new Response(null, { status: 202 })
    } else if (session === undefined) {
      // Nobody hears what the SDK thinks of a message before gates 1 and 2; whoever has a session is through them.
      const opened = await portcullis.open(asked)
      if (opened.kind !== 'open') return refusalResponse(refusal(opened, portcullis.url), id)
    }
    const abandon = (): void => {
      if (message.id !== undefined) session?.abandon(message.id, shown)
    }
    const exchange = new Exchange(async (more) => {
      whenAborted(more.signal, abandon)
      const answered = await run(message, classified, caller, session !== undefined, more)
      return remembered(session, message, classified, answered)
    }, progressTokenOf(message))
    exchanges.set(shown, exchange)
    const response = await through(shown, forSdk, carrier, session)
    if (session !== undefined) whenAborted(gone, abandon) // also between two runs of the chain, while the client is asked
    if (carrier === 'session') return unlessRefused(response, exchange, id)
    if (isStream(response)) return response
    if (exchange.refusal !== undefined) return refusalResponse(exchange.refusal, id)
    return exchange.ran ? response : inFixedWords(response)
  }

  /** `forget` has been judged already; the SDK still wants its empty result. Only in a session can a client cancel by a message. */
  async function run(message: Message, classified: Classified | undefined, caller: Caller, cancellable: boolean, more: Pick<Caller, 'signal' | 'onNote' | 'answers'>): Promise<Answer> {
    if (classified?.kind === 'forget') return { kind: 'result', result: {} }
    return dispatch(portcullis, message, classified, { ...caller, ...more, signal: cancellable ? AbortSignal.any([caller.signal, more.signal]) : caller.signal })
  }

  /** Clients of 2025 without a session get one JSON answer instead of a stream, so that a refusal can still choose its status. */
  async function through(request: Request, body: object, carrier: Carrier, session: Session | undefined): Promise<Response> {
    if (carrier === 'modern') return modern.fetch(request, { parsedBody: body })
    if (session !== undefined) return session.handle(request, body)
    const legacy = server('stateless')
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
    await legacy.connect(transport)
    try {
      return await transport.handleRequest(request, { parsedBody: body })
    } finally {
      await legacy.close()
    }
  }
}

function whenAborted(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) then()
  else signal.addEventListener('abort', then, { once: true })
}

function remembered(session: Session | undefined, { params }: Message, classified: Classified | undefined, answered: Answer): Answer {
  if (classified?.kind === 'call' && classified.target === 'subscription' && answered.kind === 'result') session?.watched.add(String(params['uri']))
  return answered
}

/** A method that does not exist is 404 in 2026-07-28; clients of 2025 take that for a lost session. */
const statusOf = ({ status, error }: Refusal, carrier: Carrier): number => (status === 200 && error.code === ProtocolErrorCode.MethodNotFound && carrier === 'modern' ? 404 : status)

const isReply = (body: unknown): body is object => isPlainObject(body) && body['jsonrpc'] === '2.0' && 'id' in body && ('result' in body || 'error' in body) && !('method' in body)

function declaredIn({ params: { _meta } }: Message): readonly AskKind[] {
  return isPlainObject(_meta) ? askableOf(_meta[CAPABILITIES]) : []
}

function progressTokenOf({ params: { _meta } }: Message): string | number | undefined {
  const token = isPlainObject(_meta) ? _meta['progressToken'] : undefined
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}

/** Says what it is in both places. Anything else the SDK judges; where it disagrees, it refuses. */
const isSurelyModern = ({ headers }: Request, { params: { _meta } }: Message): boolean => headers.get('mcp-protocol-version') === MODERN && isPlainObject(_meta) && _meta[VERSION] === MODERN

/** The request without its credentials, its address and its body. Calls are cancelled past the SDK, so only streams need a signal. */
function bare({ method, headers }: Request, signal?: AbortSignal): Request {
  const kept: [string, string][] = []
  for (const [name, value] of headers) if (name === 'accept' || name === 'content-type' || name.startsWith('mcp-')) kept.push([name, value])
  return new Request('http://localhost/mcp', { method, headers: kept, ...(signal === undefined ? {} : { signal }) })
}

const JUDGED: ReadonlySet<string> = new Set(['arguments', 'inputResponses', 'requestState'])

/** The message without what gate 8 judges, also when it has no form at all, and without what the client answered. */
function stripped({ id, method, params }: Message): object {
  const rest = Object.fromEntries(Object.entries(params).filter(([name]) => !JUDGED.has(name)))
  const blank = method === 'completion/complete' ? { argument: { name: '', value: '' } } : {}
  return { jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params: { ...rest, ...blank } }
}
