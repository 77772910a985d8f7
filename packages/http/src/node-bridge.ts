import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Portcullis } from '@portcullis/core'
import { router, type RouterOptions } from './router.ts'

/** What a framework knows of a request beyond what Node does. */
export interface Arrival {
  /** The request target as the client sent it, whatever the framework made of it since. */
  readonly target: string
  /** The path below which the binding was mounted; empty at the root. */
  readonly below?: string | undefined
  /** What somebody made of the body before. */
  readonly body?: unknown
}

export interface BridgeOptions extends RouterOptions {
  /** One sentence each: how to put right what the application did wrong. */
  readonly fix: { readonly consumed: string; readonly mounted: string }
}

/** Answers one request: false when its path is not ours, and nothing has been done to it then. */
export type NodeBridge = (incoming: IncomingMessage, outgoing: ServerResponse, arrival: Arrival) => boolean

/** No `Request` can have them (Fetch §2.2.1). Nothing is served by them, and the router says so of any method that it does not know. */
const FORBIDDEN: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])

/**
 * The router for any framework that is built upon Node's HTTP server, from its raw request, before anything parses the body. A client
 * that goes away cancels its call.
 */
export function nodeBridge(portcullis: Portcullis, { fix, onFault, ...options }: BridgeOptions): NodeBridge {
  const routes = router(portcullis, { ...options, onFault })
  return (incoming, outgoing, { target, below = '', body }) => {
    const url = normal(target, portcullis.url)
    if (url === undefined || !routes.handles(url.pathname)) return isOursToOthers(target) && hide(outgoing)
    if (below !== '') refuse(outgoing, fix.mounted)
    // Whoever read the body before us has lost duplicate keys, so what it made of them cannot be used.
    else if (incoming.readableDidRead || body !== undefined) refuse(outgoing, fix.consumed)
    else void serve(url, incoming, outgoing)
    return true
  }

  /** A router that ignores case, or takes whole addresses, would answer it with a route of the application's that lies under ours. */
  function isOursToOthers(target: string): boolean {
    return URL.canParse(target, portcullis.url) && routes.handles(new URL(target, portcullis.url).pathname.toLowerCase())
  }

  async function serve(url: URL, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const gone = new AbortController()
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) gone.abort()
    })
    const chunks = incoming.iterator({ destroyOnReturn: false })
    try {
      await send(await routes.fetch(toRequest(url, incoming, chunks, gone.signal)), outgoing, gone.signal)
      // What is left of a body that was refused is let go: unread, it would hold up whatever this connection is asked next.
      await chunks.return?.()
      incoming.resume()
    } catch (fault) {
      if (!gone.signal.aborted) onFault?.(fault)
      outgoing.destroy()
    }
  }
}

/** Undefined unless the target is a path in its normal form: one with dot segments or odd slashes would name another path than it says. */
function normal(target: string, own: string): URL | undefined {
  if (!target.startsWith('/') || !URL.canParse(`${own}${target}`)) return undefined
  const url = new URL(`${own}${target}`)
  return `${url.pathname}${url.search}` === target ? url : undefined
}

function toRequest(url: URL, incoming: IncomingMessage, chunks: AsyncIterator<Uint8Array>, signal: AbortSignal): Request {
  const { method: sent = '' } = incoming
  const method = FORBIDDEN.has(sent) ? 'UNSERVED' : sent
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(url, { method, headers: headersOf(incoming), signal, ...(hasBody ? { body: bodyOf(chunks), duplex: 'half' } : {}) })
}

/** Nothing of it is read before somebody asks. */
const bodyOf = (chunks: AsyncIterator<Uint8Array>): ReadableStream<Uint8Array> => new ReadableStream({
  async pull(controller) {
    const { done, value } = await chunks.next()
    if (done === true) controller.close()
    else controller.enqueue(value)
  },
}, { highWaterMark: 0 })

/** Keeps what is sent twice. Over HTTP/2 the host comes as `:authority` (RFC 9113 §8.3.1), and the other names with a colon are no headers. */
function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]]
    if (name === ':authority') headers.append('host', value)
    else if (!name.startsWith(':')) headers.append(name, value)
  }
  return headers
}

async function send(response: Response, outgoing: ServerResponse, gone: AbortSignal): Promise<void> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader()
  const stop = (): void => void reader?.cancel().catch(() => undefined)
  if (gone.aborted) return stop()
  gone.addEventListener('abort', stop, { once: true })
  outgoing.writeHead(response.status, [...response.headers].flat())
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) outgoing.flushHeaders() // its first event may be hours away
  for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read()) {
    if (!outgoing.write(piece.value)) await once(outgoing, 'drain', { signal: gone })
  }
  outgoing.end()
}

function hide(outgoing: ServerResponse): true {
  outgoing.writeHead(404).end()
  return true
}

function refuse(outgoing: ServerResponse, sentence: string): void {
  outgoing.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end(`${sentence}\n`)
}
