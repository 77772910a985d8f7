import { checkStructure, handlersOf, hookHandlers, type Guard } from './handler-map.ts'
import { proveGuarded } from './canary.ts'
import { lowServerOf, requestIdOf, signalOf, unguarded, type LowServer, type ServerLike, type TransportLike } from './sdk.ts'
import { ID_IN_FLIGHT } from '../refusals.ts'
import { WireError } from '../wire-error.ts'
import { Guarded, leakOf, warnOf, watchAnswers, type OnFault, type Send } from './tripwire.ts'

/** Told of each connection before it begins: `send` leaves past everything that is put on the transport. */
export type OnConnect = (transport: TransportLike, send: Send) => void

/** Classes of servers that let an answer out past the guard: never again. */
const leaky = new WeakSet<object>()
const hooked = new WeakSet<object>()

/**
 * Guards a server of either SDK line, `McpServer` or `Server`: from its next `connect` on, every request gets the handler that `guard`
 * answers, whenever and however the server registered its own. `connect` rejects with a Fault `server_unguarded` if that cannot be
 * proven for this version of the SDK; no transport is started then. `onFault` hears `server_leaked` of each answer that got past the guard all
 * the same and was withheld; by default `console.warn` prints it.
 * @throws Fault `server_unguarded` for what is no server, is connected already, or is guarded already
 */
export function guardServer(server: ServerLike, guard: Guard, onConnect?: OnConnect, onFault: OnFault = warnOf): void {
  const low = lowServerOf(server)
  if (low.transport !== undefined) throw unguarded('The server is connected already: what it answered until now was not guarded.')
  if (hooked.has(low)) throw unguarded('The server is guarded already: make a new one for each connection.')
  hooked.add(low)
  const { constructor } = low
  const connect = low.connect.bind(low)
  let guarded = new Guarded()
  let map: Map<string, unknown> | undefined

  /** The map is asked by method alone; which request it was for is known when the handler is called. */
  const noting: Guard = (method, original) => (request, context) => {
    const id = requestIdOf(context)
    if (id === undefined) throw unguarded('This version of the SDK does not say which request it handles.')
    const [seen, signal] = [guarded, signalOf(context)]
    if (!seen.saw(id, signal)) throw new WireError(ID_IN_FLIGHT)
    const answer = (async () => guard(method, original)(request, context))()
    answer.then(() => {
      seen.ran(id, signal)
      if (signal?.aborted === true) setImmediate(() => seen.take(id)) // nothing is sent for what was cancelled by now
    }, () => {
      seen.ran(id, signal)
      seen.take(id) // an error will be sent
    })
    return answer
  }

  const guardedConnect = async (transport: TransportLike): Promise<void> => {
    if (low.transport !== undefined) throw unguarded('The server is connected already: make a new one for each connection.')
    if (leaky.has(constructor)) throw unguarded('A server of this class answered past the guard: it is not connected again.')
    checkStructure(low)
    await proveGuarded(low)
    map ??= hookHandlers(low, noting)
    guarded = new Guarded()
    const send = watchAnswers(transport, guarded, (past) => {
      if (past) leaky.add(constructor)
      try {
        onFault(leakOf(constructor, past))
      } catch {
        // whoever listens must not keep the refusal from its client
      }
    })
    onConnect?.(transport, send)
    await connect(transport)
    const deliver = transport.onmessage
    // The SDK answers on the transport that it has now: what still comes by an earlier one would be answered to somebody else.
    transport.onmessage = (message, extra) => {
      if (low.transport === transport) deliver?.(message, extra)
    }
    if (handlersOf(low) !== map) throw await refused(low)
  }
  Object.defineProperty(low, 'connect', { value: guardedConnect, configurable: true, writable: true })
}

async function refused(low: LowServer): Promise<Error> {
  await low.close().catch(() => undefined)
  return unguarded('The server changed its handlers while it connected.')
}
