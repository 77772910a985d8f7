import { createMcpHandler, isLegacyRequest, LATEST_PROTOCOL_VERSION, WebStandardStreamableHTTPServerTransport, type ServerContext } from '@modelcontextprotocol/server'
import type { Portcullis } from '@portcullis/core'
import { Listeners } from '../changes.ts'
import { isSurelyModern } from '../envelope.ts'
import type { McpHostOptions } from '../host-options.ts'
import type { Handle, Line, Turn } from '../line.ts'
import type { Carrier } from '../methods.ts'
import { listen } from './listen.ts'
import { makeServer } from './make-server.ts'

/** Streams of changes, of one principal, of one tenant and of all together. */
const STREAMS = { principal: 8, tenant: 256, all: 1_024 } as const

export function line(portcullis: Portcullis, options: McpHostOptions, handle: Handle): Line {
  const listeners = new Listeners(STREAMS)
  const server = (carrier: Carrier) => makeServer(portcullis, options, carrier, (context) => handle(context.http?.authInfo, turnOf(context)))
  const handler = createMcpHandler(() => server('modern'), { legacy: 'reject' })
  return {
    versions: [LATEST_PROTOCOL_VERSION],
    wire(sessionId) {
      const made = server(sessionId === undefined ? 'stateless' : 'session')
      const transport = new WebStandardStreamableHTTPServerTransport(sessionId === undefined ? { enableJsonResponse: true } : { sessionIdGenerator: () => sessionId })
      return {
        transport,
        connect: () => made.connect(transport),
        notify: (method, params) => made.notification({ method, ...(params === undefined ? {} : { params }) } as Parameters<typeof made.notification>[0]),
        close: () => made.close(),
      }
    },
    modern: {
      speaks: async (request, message, body) => isSurelyModern(request, message) || !(await isLegacyRequest(request, body)),
      fetch: (request, body, authInfo) => handler.fetch(request, { parsedBody: body, authInfo }),
      listen: (message, caller, request, body) => listen(portcullis, listeners, () => server('modern'), message, caller, request, body),
      notify: (tenant, change) => listeners.publish(tenant, change),
      close: () => handler.close(),
    },
  }
}

/** Of logs the SDK knows the level that was asked for. */
const turnOf = ({ mcpReq }: ServerContext): Turn => ({
  progress: (params) => mcpReq.notify({ method: 'notifications/progress', params } as Parameters<typeof mcpReq.notify>[0]),
  log: ({ level, data, logger }) => mcpReq.log(level, data, logger),
  ask: (request, signal, timeout) => mcpReq.send<'elicitation/create'>(request as { method: 'elicitation/create' }, { signal, timeout }),
})
