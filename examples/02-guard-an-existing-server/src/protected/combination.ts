import type { Server } from 'node:http'
import type { Portcullis } from '@portcullis/core'
import type { ServerLike } from '@portcullis/mcp'
import type { Desk } from '../existing/tickets.ts'

/** The same server in one way of hosting it. */
export interface Combination {
  readonly name: string
  /** Makes the guarded server, as its hosting does. */
  readonly makeServer: (desk: Desk) => ServerLike
  /** Its MCP endpoint for the reach of a whole tenant. */
  readonly endpoint: string
  /** Whether the gateway answers there. */
  readonly front: boolean
  readonly serve: (portcullis: Portcullis, desk: Desk, port: number) => Promise<AsyncDisposable>
}

/** Until the server listens, and then something that closes it with all its connections. */
export async function listening(server: Server): Promise<AsyncDisposable> {
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
