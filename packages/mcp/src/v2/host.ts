import { createMcpHandler, isLegacyRequest, ProtocolError, ProtocolErrorCode, Server, WebStandardStreamableHTTPServerTransport, type CallToolResult, type ListToolsResult } from '@modelcontextprotocol/server'
import type { Portcullis } from '@portcullis/core'
import { dispatch, type Answer } from '../dispatch.ts'
import type { Host, HostContext } from '../host.ts'
import { readMessage, type Message } from '../message.ts'
import { classify } from '../methods.ts'
import { HOST_BROKEN, ingressRefusal, refusalResponse, type Refusal } from '../refusals.ts'

export interface McpHostOptions {
  /** How the server introduces itself; tells nobody apart. */
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly instructions?: string | undefined
}

/** A list may be kept for this long (ms), by the client that asked and by nobody else. */
const LIST_TTL_MS = 5_000

/** One request on its way through the SDK. The SDK checks headers and envelope, then asks; a refusal it never gets to word. */
interface Exchange {
  readonly answer: () => Promise<Answer>
  refusal?: Refusal
}

/**
 * Serves both protocol eras from one dispatch, with a fresh server for every request and no sessions. The SDK sees method, tool name
 * and `_meta`, but neither arguments nor token, and its context goes nowhere.
 */
export function mcpHost(portcullis: Portcullis, options: McpHostOptions = {}): Host {
  const { name = 'portcullis', version = '0.0.0', instructions } = options
  const exchanges = new WeakMap<Request, Exchange>()
  const modern = createMcpHandler(({ requestInfo }) => server(requestInfo === undefined ? undefined : exchanges.get(requestInfo)), { legacy: 'reject' })
  return { fetch: answer, close: () => modern.close() }

  function server(exchange: Exchange | undefined): Server {
    const made = new Server(
      { name, version },
      { capabilities: { tools: {} }, cacheHints: { 'tools/list': { ttlMs: LIST_TTL_MS, cacheScope: 'private' } }, ...(instructions === undefined ? {} : { instructions }) },
    )
    made.setRequestHandler('tools/list', async () => (await resultOf(exchange)) as unknown as ListToolsResult)
    made.setRequestHandler('tools/call', async () => (await resultOf(exchange)) as unknown as CallToolResult)
    return made
  }

  async function answer(request: Request, { body, request: asked }: HostContext): Promise<Response> {
    const message = readMessage(body)
    if (message === undefined) return refusalResponse(ingressRefusal('malformed', 'message'), null)
    const id = message.id ?? null
    const kind = classify(message.method, message.id === undefined)
    const ask = (): Promise<Answer> => dispatch(portcullis, message, asked, request.signal)
    const shown = bare(request)
    const forSdk = stripped(message)
    if (kind !== 'list' && kind !== 'call') {
      const early = await ask()
      if (early.kind === 'refusal') return refusalResponse(kind === undefined ? { ...early, status: await statusOf(early, shown, forSdk) } : early, id)
      if (kind === 'dropped') return new Response(null, { status: 202 })
    }
    const exchange: Exchange = { answer: ask }
    const response = await through(exchange, shown, forSdk)
    return exchange.refusal === undefined ? response : refusalResponse(exchange.refusal, id)
  }

  /** Clients of 2025 get one JSON answer instead of a stream, so that a refusal can still choose its status. */
  async function through(exchange: Exchange, request: Request, body: object): Promise<Response> {
    if (!(await isLegacyRequest(request, body))) {
      exchanges.set(request, exchange)
      return modern.fetch(request, { parsedBody: body })
    }
    const legacy = server(exchange)
    await legacy.connect(new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true }))
    const { transport } = legacy
    if (!(transport instanceof WebStandardStreamableHTTPServerTransport)) return refusalResponse(HOST_BROKEN, null)
    try {
      return await transport.handleRequest(request, { parsedBody: body })
    } finally {
      await legacy.close()
    }
  }
}

/** A method that does not exist is 404 in 2026-07-28; clients of 2025 take that for a lost session. */
const statusOf = async ({ status, error }: Refusal, request: Request, body: object): Promise<number> =>
  status === 200 && error.code === ProtocolErrorCode.MethodNotFound && !(await isLegacyRequest(request, body)) ? 404 : status

async function resultOf(exchange: Exchange | undefined): Promise<object> {
  if (exchange === undefined) throw new ProtocolError(ProtocolErrorCode.InternalError, 'Internal error')
  const answered = await exchange.answer().catch(() => HOST_BROKEN)
  if (answered.kind === 'result') return answered.result
  exchange.refusal = answered.kind === 'refusal' ? answered : HOST_BROKEN
  throw new ProtocolError(ProtocolErrorCode.InternalError, 'Internal error')
}

/** The request without its credentials and its body. */
function bare({ url, headers, signal }: Request): Request {
  const kept = [...headers].filter(([name]) => name === 'accept' || name === 'content-type' || name.startsWith('mcp-'))
  return new Request(new URL('/mcp', url), { method: 'POST', headers: kept, signal })
}

/** The message without arguments: they are gate 8's to judge, also when they are no object at all. */
function stripped({ id, method, params }: Message): object {
  const { arguments: _, ...rest } = params
  return { jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params: rest }
}
