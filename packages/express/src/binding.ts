import type { Portcullis } from '@portcullis/core'
import { nodeBridge } from '@portcullis/http'
import type { Host } from '@portcullis/mcp'
import type { RequestHandler } from 'express'

export interface BindingOptions {
  /** A host of your own making, to tell its clients of changes and to close it; the other options of MCP are then its own. */
  readonly host?: Host | undefined
  /** Told what broke. Never holds a token. Default: nobody, but of `server_leaked`, which is printed. */
  readonly onFault?: ((fault: unknown) => void) | undefined
}

const fix = {
  consumed: 'The Portcullis gateway must see the raw request body: call app.use(gateway(…)) before express.json() and any other body parser.',
  mounted: 'The Portcullis gateway must be mounted at the root: call app.use(gateway(…)) without a path.',
}

/** What both SDK lines have in common: the host is all that differs. */
export function binding<O extends BindingOptions>(portcullis: Portcullis, options: O, mcpHost: (portcullis: Portcullis, options: O) => Host): RequestHandler {
  const { onFault, host = mcpHost(portcullis, options) } = options
  const answer = nodeBridge(portcullis, { mcp: host, onFault, fix })
  return (incoming, outgoing, next) => {
    const { originalUrl: target, baseUrl: below, body } = incoming
    if (!answer(incoming, outgoing, { target, below, body })) next()
  }
}
