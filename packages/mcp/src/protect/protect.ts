import { Fault, type Portcullis } from '@portcullis/core'
import { isPlainObject } from '../message.ts'
import { Connection } from './connection.ts'
import { guardDoor } from './door.ts'
import { guardEntry, refuseListen } from './entry.ts'
import { guardExit } from './exit.ts'
import { guardWith } from './guard.ts'
import { hookNotifications } from './handler-map.ts'
import { scrubFactoryContext } from './scrub.ts'
import { lowServerOf, type LowServer, type ServerLike, type TransportLike } from './sdk.ts'
import { guardServer } from './seam.ts'
import { TaskOwners } from './tasks.ts'
import { askedBy } from './token.ts'
import type { OnFault } from './tripwire.ts'

export interface ProtectOptions {
  /** For stdio, where no request brings one: the access token of whoever started the process, e.g. from the environment. Never used for HTTP. */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>) | undefined
  /** Told what got past the guard and was withheld: Fault `server_leaked`. Default: `console.warn`, with its sentence. */
  readonly onFault?: ((fault: unknown) => void) | undefined
}

/** In 2025-11-25 tasks, a message that names a task is queued for it past every handler. Clients have no use for it in requests. */
const RELATED_TASK = 'io.modelcontextprotocol/related-task'

/**
 * Protects a server that somebody already wrote. Takes the factory that makes it, for `createMcpHandler`, `serveStdio`, a session or one
 * request, and answers one with the same parameters whose servers let every request through the chain first. What they offer is
 * classified in `ownServer(…)`, listed among the connectors of `portcullis`. Handlers learn who calls from `callerOf(context)`, and no token.
 *
 * A server that cannot be guarded for certain is not connected: Fault `server_unguarded`.
 */
export function protect<P extends readonly unknown[], R extends ServerLike | Promise<ServerLike>>(portcullis: Portcullis, makeServer: (...parameters: P) => R, options: ProtectOptions = {}): (...parameters: P) => R {
  const tasks = new TaskOwners()
  const { token, onFault } = options
  const ofProcess = typeof token === 'function' ? token : () => token
  return (...parameters) => {
    const [context] = parameters
    refuseListen(context)
    const made = makeServer(...(parameters.map((parameter, at) => (at === 0 ? scrubFactoryContext(parameter) : parameter)) as unknown as P))
    if (made instanceof Promise) return made.then((server) => guarded(portcullis, server as ServerLike, context, tasks, ofProcess, onFault)) as R
    return guarded(portcullis, made as ServerLike, context, tasks, ofProcess, onFault) as R
  }
}

function guarded(portcullis: Portcullis, server: ServerLike, context: unknown, tasks: TaskOwners, ofProcess: () => string | undefined | Promise<string | undefined>, onFault: OnFault | undefined): ServerLike {
  const low = lowServerOf(server)
  let connection: Connection | undefined
  const current = (): Connection => {
    if (connection === undefined) throw new Fault('server_unguarded', 'The server answers a request before it is connected.')
    return connection
  }
  const asked = (of: unknown) => askedBy(of, ofProcess)
  guardServer(server, guardWith({ portcullis, tasks, askedBy: asked, connection: current, isModern: () => isModern(low) }), (transport, send) => {
    const begun = new Connection(send)
    connection = begun
    guardExit(transport, send, { portcullis, connection: begun, ownsTask: (taskId) => tasks.find(taskId, begun.owner?.opened.authority) !== undefined })
    guardDoor(transport, async (of) => {
      if (begun.owner === undefined) return true // nothing is behind it yet; the first request will be judged
      const opened = await portcullis.open(await asked(of))
      return opened.kind === 'open' && opened.authority === begun.owner.opened.authority
    })
    dropRelatedTasks(transport)
  }, onFault)
  hookNotifications(low, () => connection?.owner !== undefined)
  guardEntry(portcullis, server, low, context)
  return server
}

/** The second line says which version it speaks; the first never speaks 2026-07-28. */
function isModern(low: LowServer): boolean {
  const version = low.getNegotiatedProtocolVersion?.()
  return typeof version === 'string' && version >= '2026'
}

function dropRelatedTasks(transport: TransportLike): void {
  const { onmessage } = transport
  transport.onmessage = (message, extra) => {
    const params = isPlainObject(message) ? message['params'] : undefined
    const meta = isPlainObject(params) ? params['_meta'] : undefined
    if (isPlainObject(meta)) Reflect.deleteProperty(meta, RELATED_TASK)
    onmessage?.(message, extra)
  }
}
