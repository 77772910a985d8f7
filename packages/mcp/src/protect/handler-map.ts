import { isPlainObject } from '../message.ts'
import { unguarded, type Handler, type LowServer } from './sdk.ts'

/** Answers the handler that a request gets, in the place of `original`. */
export type Guard = (method: string, original: Handler | undefined) => Handler

/** By declared capability, the method that there must be a handler for. */
const HANDLED: Readonly<Record<string, string>> = { tools: 'tools/call', resources: 'resources/read', prompts: 'prompts/get', completions: 'completion/complete', logging: 'logging/setLevel' }

/**
 * The one place that both lines dispatch from is the `get` of a private map. An own `get` on that very map is asked for every request:
 * for handlers of before, for those registered late, and for none at all.
 * @throws Fault `server_unguarded` if there is no such map
 */
export function hookHandlers(server: LowServer, guard: Guard): Map<string, Handler> {
  const map = handlersOf(server)
  const original = map.get.bind(map)
  Object.defineProperty(map, 'get', { value: (method: string) => guard(method, original(method) ?? server.fallbackRequestHandler?.bind(server)), writable: false, configurable: false })
  return map
}

/** @throws Fault `server_unguarded` */
export function handlersOf({ _requestHandlers: map }: LowServer): Map<string, Handler> {
  if (!(map instanceof Map)) throw unguarded('This version of the SDK keeps its handlers somewhere else.')
  return map as Map<string, Handler>
}

/**
 * A server that declares what it has no handler for dispatches from somewhere else, or is not finished.
 * @throws Fault `server_unguarded`
 */
export function checkStructure(server: LowServer): void {
  const map = handlersOf(server)
  const declared = server.getCapabilities?.()
  if (!isPlainObject(declared)) throw unguarded('This version of the SDK does not say what its servers can do.')
  const missing = Object.keys(HANDLED).filter((capability) => declared[capability] !== undefined && !map.has(HANDLED[capability] ?? ''))
  if (missing.length > 0 && server.fallbackRequestHandler === undefined) throw unguarded(`The server declares ${missing.join(', ')} and has no handler for it.`)
}

/** Notifications that the SDK itself acts on, and those that only a client who was let in may send. */
const OF_THE_SDK: ReadonlySet<string> = new Set(['notifications/cancelled', 'notifications/progress'])
const OF_CLIENTS: ReadonlySet<string> = new Set(['notifications/initialized', 'notifications/roots/list_changed'])

/**
 * A notification has no answer, and so no refusal: what nobody classified, or nobody who was let in sent, is dropped.
 * @throws Fault `server_unguarded` if there is no such map
 */
export function hookNotifications(server: LowServer, letIn: () => boolean): void {
  const map = notificationsOf(server)
  const original = map.get.bind(map)
  const get = (method: string): unknown => (OF_THE_SDK.has(method) || (OF_CLIENTS.has(method) && letIn()) ? (original(method) ?? drop) : drop)
  Object.defineProperty(map, 'get', { value: get, writable: false, configurable: false })
}

const drop = (): undefined => undefined

/**
 * Resolves once the server is through with its next notification of this method, whatever became of it; at once if it has no handler.
 * @throws Fault `server_unguarded` if there is no map of handlers
 */
export function onceHandled(server: LowServer, method: string): Promise<void> {
  const map = notificationsOf(server)
  const original = map.get.bind(map)
  const handler = original(method)
  if (typeof handler !== 'function') return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  const through = async (...sent: readonly unknown[]): Promise<void> => {
    try {
      await (handler as (...sent: readonly unknown[]) => unknown)(...sent)
    } finally {
      resolve()
    }
  }
  Object.defineProperty(map, 'get', { value: (name: string) => (name === method ? through : original(name)), configurable: true })
  return promise
}

/** @throws Fault `server_unguarded` */
function notificationsOf({ _notificationHandlers: map }: LowServer): Map<string, unknown> {
  if (!(map instanceof Map)) throw unguarded('This version of the SDK keeps its handlers of notifications somewhere else.')
  return map as Map<string, unknown>
}
