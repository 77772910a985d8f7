import { Fault, type Portcullis } from '@portcullis/core'
import { nodeBridge } from '@portcullis/http'
import type { Host } from '@portcullis/mcp'
import type { FastifyPluginCallback } from 'fastify'

export interface BindingOptions {
  /** A host of your own making, to tell its clients of changes and to close it; the other options of MCP are then its own. */
  readonly host?: Host | undefined
  /** Told what broke. Never holds a token. Default: nobody, but of `server_leaked`, which is printed. */
  readonly onFault?: ((fault: unknown) => void) | undefined
}

const fix = {
  consumed: 'The Portcullis gateway must see the raw request body: register gateway(…) before any hook that reads request.raw.',
  mounted: 'The Portcullis gateway must be registered at the root: call app.register(gateway(…)) on the application itself and without a prefix.',
}

/** Fastify's own words for a plugin that is no context of its own: what it registers is the application's. */
const ROOT = { [Symbol.for('skip-override')]: true, [Symbol.for('plugin-meta')]: { name: '@portcullis/fastify', fastify: '5.x' } }

/**
 * What both SDK lines have in common: the host is all that differs. A hook and no route, because routes come after the body's parser, and
 * because paths that are nobody's are ours to refuse.
 */
export function binding<O extends BindingOptions>(portcullis: Portcullis, options: O, mcpHost: (portcullis: Portcullis, options: O) => Host): FastifyPluginCallback<{ prefix?: string }> {
  const plugin: FastifyPluginCallback<{ prefix?: string }> = (app, { prefix = '' }, done) => {
    // The hooks of a context below the root are not asked about paths without a route, which all of ours are.
    if (prefix !== '' || !Object.hasOwn(app, 'server')) return done(new Fault('gateway_mounted', fix.mounted))
    const { onFault, host = mcpHost(portcullis, options) } = options
    const answer = nodeBridge(portcullis, { mcp: host, onFault, fix })
    app.addHook('onRequest', (request, reply, next) => {
      const { originalUrl: target, body } = request
      if (answer(request.raw, reply.raw, { target, body })) reply.hijack()
      else next()
    })
    // Streams would keep the application from closing. A host that was handed in is its maker's to close.
    if (options.host === undefined) app.addHook('preClose', () => host.close())
    done()
  }
  return Object.assign(plugin, ROOT)
}
