import type { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import type { Portcullis } from '@portcullis/core'
import type { McpHostOptions } from '../host-options.ts'
import type { Behind, Line } from '../line.ts'
import type { Carrier } from '../methods.ts'
import { makeServer } from './make-server.ts'

/** The first SDK line, from 1.26 on: clients of 2025 and before. */
export function line(portcullis: Portcullis, options: McpHostOptions, { handle, guard }: Behind): Line {
  const server = async (carrier: Carrier): Promise<Server> =>
    options.server === undefined ? makeServer(portcullis, options, carrier, handle) : (guard(await options.server(), carrier) as unknown as Server)
  return {
    versions: SUPPORTED_PROTOCOL_VERSIONS,
    wire(sessionId) {
      const transport = new WebStandardStreamableHTTPServerTransport(sessionId === undefined ? { enableJsonResponse: true } : { sessionIdGenerator: () => sessionId })
      let made: Server | undefined
      return {
        transport,
        async connect() {
          made = await server(sessionId === undefined ? 'stateless' : 'session')
          await made.connect(transport)
        },
        notify: async (method, params) => made?.notification({ method, params } as Parameters<Server['notification']>[0]),
        close: async () => made?.close(),
      }
    },
  }
}
