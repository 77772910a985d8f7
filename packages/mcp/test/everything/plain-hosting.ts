import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpHandler, isLegacyRequest, WebStandardStreamableHTTPServerTransport as TransportV2, type McpServer } from '@modelcontextprotocol/server'
import type { Change } from '../../src/index.ts'
import type { ServerLike } from '../../src/protect/sdk.ts'

export interface PlainHosting extends AsyncDisposable {
  readonly url: string
  /** Tells every client. */
  publish(change: Change): void
}

export type MakePlain = (context?: unknown) => ServerLike

interface Answering {
  fetch(request: Request): Promise<Response>
  publish(change: Change): void
}

/**
 * A server hosted as the documentation of its SDK line has it, with sessions for clients of 2025. There is a token on each request, which
 * a plain server has no use for.
 */
export async function hostPlain(line: 'v1' | 'v2', makeServer: MakePlain, token = 'none'): Promise<PlainHosting> {
  const sessions = inSessions(line, makeServer)
  const answering = line === 'v1' ? sessions : inBothEras(makeServer, sessions)
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const headers = new Headers({ ...(incoming.headers as Record<string, string>), authorization: `Bearer ${token}` })
      const stop = new AbortController()
      outgoing.on('close', () => stop.abort())
      const body = incoming.method === 'POST' ? { body: await new Response(Readable.toWeb(incoming) as ReadableStream<Uint8Array>).text() } : {}
      const request = new Request(`http://127.0.0.1${incoming.url ?? ''}`, { method: incoming.method ?? '', headers, signal: stop.signal, ...body })
      const response = isLocal(headers) ? await answering.fetch(request) : new Response(null, { status: 403 })
      outgoing.writeHead(response.status, [...response.headers].flat())
      outgoing.flushHeaders()
      if (response.body === null) outgoing.end()
      else Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]).on('error', () => outgoing.destroy()).pipe(outgoing)
    })().catch(() => outgoing.writeHead(500).end())
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    publish: (change) => answering.publish(change),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => { server.close(resolve) })
    },
  }
}

const LOCAL = /^(?:https?:\/\/)?(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/
const isLocal = (headers: Headers): boolean => LOCAL.test(headers.get('host') ?? '') && LOCAL.test(headers.get('origin') ?? 'localhost')

function inSessions(line: 'v1' | 'v2', makeServer: MakePlain): Answering {
  const sessions = new Map<string, { readonly transport: TransportV1 | TransportV2; readonly server: ServerLike }>()
  return {
    async fetch(request) {
      const id = request.headers.get('mcp-session-id')
      if (id !== null) return (await sessions.get(id)?.transport.handleRequest(request)) ?? Response.json({ jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } }, { status: 404 })
      const server = makeServer()
      const options = { sessionIdGenerator: () => randomUUID(), onsessioninitialized: (begun: string) => void sessions.set(begun, { transport, server }) }
      const transport = line === 'v1' ? new TransportV1(options) : new TransportV2(options)
      await server.connect(transport as never)
      return transport.handleRequest(request)
    },
    publish(change) {
      for (const { server } of sessions.values()) {
        const low = (server as unknown as McpServer).server
        void (change.kind === 'resource' ? low.sendResourceUpdated({ uri: change.uri }) : change.kind === 'tools' ? low.sendToolListChanged() : change.kind === 'prompts' ? low.sendPromptListChanged() : low.sendResourceListChanged())
      }
    },
  }
}

function inBothEras(makeServer: MakePlain, sessions: Answering): Answering {
  const handler = createMcpHandler((context) => makeServer(context) as McpServer, { legacy: 'reject' })
  return {
    fetch: async (request) => ((await isLegacyRequest(request.clone())) ? sessions.fetch(request) : handler.fetch(request)),
    publish(change) {
      sessions.publish(change)
      if (change.kind === 'resource') handler.notify.resourceUpdated(change.uri)
      else if (change.kind === 'tools') handler.notify.toolsChanged()
      else if (change.kind === 'prompts') handler.notify.promptsChanged()
      else handler.notify.resourcesChanged()
    },
  }
}
