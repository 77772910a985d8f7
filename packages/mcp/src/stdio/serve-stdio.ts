import type { Readable, Writable } from 'node:stream'
import type { Endpoint, Portcullis } from '@portcullis/core'
import type { McpHostOptions } from '../host-options.ts'
import type { Host } from '../host.ts'
import type { SessionLimits } from '../sessions.ts'
import { Conversation } from './conversation.ts'
import { ownStdout } from './own-stdout.ts'
import { tokenOf } from './token.ts'

export interface StdioOptions extends Omit<McpHostOptions, 'sessions'> {
  /**
   * The access token, or what gives one that still holds: access tokens live for minutes, and this process may live for days. Asked for
   * and judged anew with every message. Default: the environment variable PORTCULLIS_TOKEN.
   */
  readonly token?: string | (() => string | Promise<string>) | undefined
  /** What the process is for: one customer, or the whole tenant. Absent = as the token says. */
  readonly reach?: 'tenant' | { readonly customer: string } | undefined
  /** Where messages come from and go to, one a line. Default: the standard streams, of which the output is then kept for the protocol. */
  readonly input?: Readable | undefined
  readonly output?: Writable | undefined
  /** Told what broke. Never holds a token. Default: nobody, but of `server_leaked`, which is printed. */
  readonly onFault?: ((fault: unknown) => void) | undefined
}

export interface StdioServed {
  /** Resolves when the client has left, or `close` is done. The deployment stays open. */
  readonly closed: Promise<void>
  /** Tells the client, if it listens and is of this tenant. */
  notify: Host['notify']
  close(): Promise<void>
}

/** The one client that there is does not come back to another session. */
const ONE: SessionLimits = { idleMs: Infinity }

const endpointOf = (reach: StdioOptions['reach']): Endpoint => (reach === undefined ? { kind: 'plain' } : reach === 'tenant' ? { kind: 'tenant' } : { kind: 'customer', customer: reach.customer })

/**
 * MCP over this process's standard streams, on the host of either SDK line: each line is what a POST is over HTTP, from the parser on,
 * so that every message passes the same gates. Fault `token_missing` when it cannot say whose it is.
 */
export function serveStdioOn(makeHost: (sessions: SessionLimits) => Host, { url }: Portcullis, { token, reach, input = process.stdin, output, onFault }: StdioOptions): StdioServed {
  const current = tokenOf(token)
  const endpoint = endpointOf(reach)
  const host = makeHost(ONE)
  const own = output === undefined ? ownStdout() : undefined
  const conversation = new Conversation({ host, url, input, output: output ?? own?.output ?? process.stdout, asked: async () => ({ token: await current(), endpoint }), onFault })
  const closed = served()
  closed.catch((fault: unknown) => onFault?.(fault))
  return {
    closed,
    notify: (tenant, change) => host.notify(tenant, change),
    async close() {
      conversation.end()
      await closed
    },
  }
  async function served(): Promise<void> {
    try {
      await conversation.run()
    } finally {
      await host.close()
      own?.giveBack()
    }
  }
}
