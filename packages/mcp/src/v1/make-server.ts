import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import { ResultSchema, type ServerNotification, type ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import type { Portcullis } from '@portcullis/core'
import { capabilitiesOf } from '../capabilities.ts'
import type { ServerInfo } from '../host-options.ts'
import type { Handle, Turn } from '../line.ts'
import { isHeard, isLevel, type LogLevel } from '../log-level.ts'
import type { Carrier } from '../methods.ts'

const SET_LEVEL = 'logging/setLevel'

/**
 * A low-level server that asks `handle` whatever it is asked. Its one handler is the fallback: schemas of this line know neither form nor
 * answer of what it carries, so none of its words about them can reach a client.
 */
export function makeServer({ offers }: Portcullis, { name = 'portcullis', version = '0.0.0', instructions }: ServerInfo, carrier: Carrier, handle: Handle): Server {
  const made = new Server({ name, version }, { capabilities: capabilitiesOf(offers, carrier), ...(instructions === undefined ? {} : { instructions }) })
  let least: LogLevel = 'debug'
  made.removeRequestHandler(SET_LEVEL) // its own keeps what only its own logs ask
  made.fallbackRequestHandler = async ({ method, params }, extra) => {
    if (method !== SET_LEVEL) return { ...(await handle(extra.authInfo, turnOf(extra, (level) => isHeard(level, least)))) }
    const level = params?.['level']
    if (isLevel(level)) least = level
    return {}
  }
  return made
}

const turnOf = (extra: RequestHandlerExtra<ServerRequest, ServerNotification>, heard: (level: LogLevel) => boolean): Turn => ({
  signal: extra.signal,
  progress: (params) => extra.sendNotification({ method: 'notifications/progress', params } as ServerNotification),
  log: async ({ level, data, logger }) => {
    if (heard(level)) await extra.sendNotification({ method: 'notifications/message', params: { level, data, logger } })
  },
  ask: (request, signal, timeout) => extra.sendRequest(request as ServerRequest, ResultSchema, { signal, timeout }),
})
