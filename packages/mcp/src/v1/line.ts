import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import type { Portcullis } from '@portcullis/core'
import type { McpHostOptions } from '../host-options.ts'
import type { Handle, Line } from '../line.ts'
import { makeServer } from './make-server.ts'

/** The first SDK line, from 1.26 on: clients of 2025 and before. */
export function line(portcullis: Portcullis, options: McpHostOptions, handle: Handle): Line {
  return {
    versions: SUPPORTED_PROTOCOL_VERSIONS,
    wire(sessionId) {
      const server = makeServer(portcullis, options, sessionId === undefined ? 'stateless' : 'session', handle)
      const transport = new WebStandardStreamableHTTPServerTransport(sessionId === undefined ? { enableJsonResponse: true } : { sessionIdGenerator: () => sessionId })
      return {
        transport,
        connect: () => server.connect(transport),
        notify: (method, params) => server.notification({ method, params } as Parameters<typeof server.notification>[0]),
        close: () => server.close(),
      }
    },
  }
}
