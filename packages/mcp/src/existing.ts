import type { Portcullis, Request as Asked } from '@portcullis/core'
import type { Exchange } from './exchange.ts'
import { isPlainObject, type Message } from './message.ts'
import type { Carrier } from './methods.ts'
import { Connection } from './protect/connection.ts'
import { guardExit } from './protect/exit.ts'
import { guardWith } from './protect/guard.ts'
import { hookNotifications } from './protect/handler-map.ts'
import { lowServerOf, signalOf, unguarded, type LowServer, type ServerLike } from './protect/sdk.ts'
import { guardServer } from './protect/seam.ts'
import { TaskOwners } from './protect/tasks.ts'
import type { OnFault } from './protect/tripwire.ts'
import { answersOf } from './read-call.ts'
import { HOST_BROKEN, ingressRefusal } from './refusals.ts'
import { WireError } from './wire-error.ts'

/** One message that the host took, while an SDK has it: what came, and on whose rights. */
export interface Pass {
  readonly message: Message
  readonly asked: Asked
  /** Ends when the client cancels, or goes away. */
  readonly signal: AbortSignal
  readonly exchange: Exchange
  /** An existing server's handler answered. */
  readonly onResult?: () => void
}

/** Guards a server for the one connection that it is made for. */
export type GuardServer = (server: ServerLike, carrier: Carrier) => LowServer

type Fields = Readonly<Record<string, unknown>>

/**
 * A server that somebody already wrote, behind the front of a host: the same guard as `protect` puts on it, told by the host who asks and
 * what. The SDK still sees neither arguments nor token; both are put back where the gates and, after them, the handler want the arguments.
 */
export function guardsExisting(portcullis: Portcullis, passOf: (ticket: object | undefined) => Pass | undefined, onFault?: OnFault): GuardServer {
  const tasks = new TaskOwners()
  const passIn = (context: unknown): Pass => {
    const pass = passOf(ticketIn(context))
    if (pass === undefined) throw new WireError(HOST_BROKEN)
    return pass
  }
  return (server, carrier) => {
    const low = lowServerOf(server)
    let connection: Connection | undefined
    const current = (): Connection => {
      if (connection === undefined) throw unguarded('The server answers a request before it is connected.')
      return connection
    }
    const guard = guardWith({ portcullis, tasks, connection: current, isModern: () => carrier === 'modern', askedBy: async (context) => passIn(context).asked })
    guardServer(server, (method, original) => async (request, context) => {
      const pass = passIn(context)
      return pass.exchange.goThrough(signalOf(context), async () => {
        const result = await guard(method, original)(whole(request, pass.message), informed(context, pass, carrier))
        pass.onResult?.()
        return result
      })
    }, (transport, send) => {
      const begun = new Connection(send)
      connection = begun
      guardExit(transport, send, { portcullis, connection: begun, ownsTask: (taskId) => tasks.find(taskId, begun.owner?.opened.authority) !== undefined })
    }, onFault)
    hookNotifications(low, () => connection?.owner !== undefined)
    return low
  }
}

function ticketIn(context: unknown): object | undefined {
  if (!isPlainObject(context)) return undefined
  const { http, authInfo } = context
  const ticket = isPlainObject(http) ? http['authInfo'] : authInfo
  return isPlainObject(ticket) ? ticket : undefined
}

/** What was kept from the SDK. */
const KEPT = ['arguments', 'argument', 'context'] as const

function whole(request: unknown, { params }: Message): Fields {
  const given = isPlainObject(request) ? request : {}
  const kept = KEPT.filter((name) => name in params).map((name) => [name, params[name]])
  return { ...given, params: { ...(isPlainObject(given['params']) ? given['params'] : {}), ...Object.fromEntries(kept) } }
}

/** The context with what a client of 2026-07-28 answered, and a signal that also hears of a client that went away. */
function informed(context: unknown, { message, signal }: Pass, carrier: Carrier): unknown {
  if (!isPlainObject(context)) return context
  const given = signalOf(context)
  const either = given === undefined ? signal : AbortSignal.any([given, signal])
  const { mcpReq } = context
  if (!isPlainObject(mcpReq)) return { ...context, signal: either }
  const answers = carrier === 'modern' ? answersOf(message.params) : undefined
  if (answers === 'malformed') throw new WireError(ingressRefusal('malformed', 'params'))
  return { ...context, mcpReq: { ...mcpReq, signal: either, inputResponses: answers?.responses, requestState: () => answers?.state } }
}
