import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Portcullis } from '@portcullis/core'
import { router } from '@portcullis/http'
import type { Host } from '@portcullis/mcp'
import { mcpHost, type McpHostOptions } from '@portcullis/mcp/v2'
import type { Request as Incoming, RequestHandler, Response as Outgoing } from 'express'

export interface GatewayOptions extends McpHostOptions {
  /** A host of your own making, to tell its clients of changes and to close it; the other options of MCP are then its own. */
  readonly host?: Host | undefined
  /** Told what broke. Never holds a token. Default: nobody. */
  readonly onFault?: ((fault: unknown) => void) | undefined
}

const CONSUMED = 'The Portcullis gateway must see the raw request body: call app.use(gateway(…)) before express.json() and any other body parser.'
/** No `Request` can have them (Fetch §2.2.1). Nothing is served by them, and the router says so of any method that it does not know. */
const FORBIDDEN: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])
const MOUNTED = 'The Portcullis gateway must be mounted at the root: call app.use(gateway(…)) without a path.'

/**
 * Serves everything of Portcullis in an Express 5 application: `app.use(gateway(portcullis))`, before any body parser and without a
 * path. Requests for other paths go on to the next handler. A client that goes away cancels its call.
 */
export function gateway(portcullis: Portcullis, options: GatewayOptions = {}): RequestHandler {
  const { onFault, host = mcpHost(portcullis, options) } = options
  const routes = router(portcullis, { mcp: host, onFault })
  return (incoming, outgoing, next) => {
    const target = targetOf(incoming, portcullis.url)
    if (target === undefined || !routes.handles(target.pathname)) return next()
    if (incoming.baseUrl !== '') return refuse(outgoing, MOUNTED)
    // Whoever read the body before us has lost duplicate keys, so what it made of them cannot be used.
    if (incoming.readableDidRead || incoming.body !== undefined) return refuse(outgoing, CONSUMED)
    void serve(target, incoming, outgoing)
  }

  async function serve(target: URL, incoming: Incoming, outgoing: Outgoing): Promise<void> {
    const gone = new AbortController()
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) gone.abort()
    })
    try {
      await send(await routes.fetch(toRequest(target, incoming, gone.signal)), outgoing)
    } catch (fault) {
      if (!gone.signal.aborted) onFault?.(fault)
      outgoing.destroy()
    }
  }
}

/** Undefined unless the target is a path in its normal form: one with dot segments or odd slashes would name another path than it says. */
function targetOf({ originalUrl }: Incoming, url: string): URL | undefined {
  if (!originalUrl.startsWith('/') || !URL.canParse(`${url}${originalUrl}`)) return undefined
  const target = new URL(`${url}${originalUrl}`)
  return `${target.pathname}${target.search}` === originalUrl ? target : undefined
}

function toRequest(target: URL, incoming: Incoming, signal: AbortSignal): Request {
  const headers = new Headers()
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) headers.append(incoming.rawHeaders[at] ?? '', incoming.rawHeaders[at + 1] ?? '') // keeps what is sent twice
  const method = FORBIDDEN.has(incoming.method) ? 'UNSERVED' : incoming.method
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(target, { method, headers, signal, ...(hasBody ? { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: 'half' } : {}) })
}

async function send(response: Response, outgoing: Outgoing): Promise<void> {
  outgoing.writeHead(response.status, [...response.headers].flat())
  if (response.body === null) outgoing.end()
  else await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), outgoing)
}

function refuse(outgoing: Outgoing, sentence: string): void {
  outgoing.status(500).type('text/plain').send(`${sentence}\n`)
}
