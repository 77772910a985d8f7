import { createMcpHandler, isLegacyRequest, LATEST_PROTOCOL_VERSION, WebStandardStreamableHTTPServerTransport, type Server, type ServerContext } from '@modelcontextprotocol/server'
import type { Portcullis } from '@portcullis/core'
import { Listeners } from '../changes.ts'
import { isSurelyModern } from '../envelope.ts'
import type { McpHostOptions } from '../host-options.ts'
import type { Behind, Line, Turn } from '../line.ts'
import type { Carrier } from '../methods.ts'
import { listen } from './listen.ts'
import { makeServer } from './make-server.ts'

/** Streams of changes, of one principal, of one tenant and of all together. */
const STREAMS = { principal: 8, tenant: 256, all: 1_024 } as const

/** The second SDK line: both protocol eras. */
export function line(portcullis: Portcullis, options: McpHostOptions, { handle, guard }: Behind): Line {
  const listeners = new Listeners(STREAMS)
  const own = (carrier: Carrier): Server => makeServer(portcullis, options, carrier, (context) => handle(context.http?.authInfo, turnOf(context)))
  const existing = async (make: NonNullable<McpHostOptions['server']>, carrier: Carrier): Promise<Server> => guard(await make(), carrier) as unknown as Server
  const server = (carrier: Carrier): Server | Promise<Server> => (options.server === undefined ? own(carrier) : existing(options.server, carrier))
  const handler = createMcpHandler(() => server('modern'), { legacy: 'reject' })
  return {
    versions: [LATEST_PROTOCOL_VERSION],
    wire(sessionId) {
      const transport = new WebStandardStreamableHTTPServerTransport(sessionId === undefined ? { enableJsonResponse: true } : { sessionIdGenerator: () => sessionId })
      let made: Server | undefined
      return {
        transport,
        async connect() {
          made = await server(sessionId === undefined ? 'stateless' : 'session')
          await made.connect(transport)
        },
        notify: async (method, params) => made?.notification({ method, ...(params === undefined ? {} : { params }) } as Parameters<Server['notification']>[0]),
        close: async () => made?.close(),
      }
    },
    modern: {
      speaks: async (request, message, body) => isSurelyModern(request, message) || !(await isLegacyRequest(request, body)),
      fetch: (request, body, authInfo) => handler.fetch(request, { parsedBody: body, authInfo }),
      listen: (message, caller, request, body) => listen(portcullis, listeners, () => own('modern'), message, caller, request, body), // no server is asked
      notify: (tenant, change) => listeners.publish(tenant, change),
      close: () => handler.close(),
    },
  }
}

/** Of logs the SDK knows the level that was asked for. */
const turnOf = ({ mcpReq }: ServerContext): Turn => ({
  signal: mcpReq.signal,
  progress: (params) => mcpReq.notify({ method: 'notifications/progress', params } as Parameters<typeof mcpReq.notify>[0]),
  log: ({ level, data, logger }) => mcpReq.log(level, data, logger),
  ask: (request, signal, timeout) => mcpReq.send<'elicitation/create'>(request as { method: 'elicitation/create' }, { signal, timeout }),
})
