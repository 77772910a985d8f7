import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import { LoggingLevelSchema, ResultSchema, type LoggingLevel, type ServerNotification, type ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import type { Portcullis } from '@portcullis/core'
import { capabilitiesOf } from '../capabilities.ts'
import type { ServerInfo } from '../host-options.ts'
import type { Handle, Turn } from '../line.ts'
import type { Carrier } from '../methods.ts'
import { ingressRefusal } from '../refusals.ts'
import { WireError } from '../wire-error.ts'

const SET_LEVEL = 'logging/setLevel'

/**
 * A low-level server that asks `handle` whatever it is asked. Its one handler is the fallback: schemas of this line know neither form nor
 * answer of what it carries, so none of its words about them can reach a client.
 */
export function makeServer({ offers }: Portcullis, { name = 'portcullis', version = '0.0.0', instructions }: ServerInfo, carrier: Carrier, handle: Handle): Server {
  const made = new Server({ name, version }, { capabilities: capabilitiesOf(offers, carrier), ...(instructions === undefined ? {} : { instructions }) })
  let least: LoggingLevel = 'debug'
  made.removeRequestHandler(SET_LEVEL) // its own answers a level that is none in the words of its schema, and keeps what only it can read
  made.fallbackRequestHandler = async ({ method, params }, extra) => {
    if (method !== SET_LEVEL) return { ...(await handle(extra.authInfo, turnOf(extra, (level) => graver(level, least)))) }
    least = levelIn(params)
    return {}
  }
  return made
}

const turnOf = (extra: RequestHandlerExtra<ServerRequest, ServerNotification>, isHeard: (level: LoggingLevel) => boolean): Turn => ({
  progress: (params) => extra.sendNotification({ method: 'notifications/progress', params } as ServerNotification),
  log: async ({ level, data, logger }) => {
    if (isHeard(level)) await extra.sendNotification({ method: 'notifications/message', params: { level, data, logger } })
  },
  ask: (request, signal, timeout) => extra.sendRequest(request as ServerRequest, ResultSchema, { signal, timeout }),
})

/** In the order of their gravity. */
const LEVELS: readonly string[] = LoggingLevelSchema.options
const graver = (level: LoggingLevel, least: LoggingLevel): boolean => LEVELS.indexOf(level) >= LEVELS.indexOf(least)

function levelIn(params: unknown): LoggingLevel {
  const { success, data } = LoggingLevelSchema.safeParse((params as { level?: unknown } | undefined)?.level)
  if (!success) throw new WireError(ingressRefusal('malformed', 'params'))
  return data
}
