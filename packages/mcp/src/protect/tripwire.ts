import { Fault } from '@portcullis/core'
import { isPlainObject, type MessageId } from '../message.ts'
import { unguarded, type TransportLike } from './sdk.ts'

const INTERNAL_ERROR = -32603
/** Sends of transports that are watched: a transport that is used again is watched anew, not twice. */
const originals = new WeakMap<object, TransportLike['send']>()

export type Send = TransportLike['send']

/** Told what broke. */
export type OnFault = (fault: unknown) => void

/** What the operator of a server whose answer was withheld is told: a Fault `server_leaked`. */
export function leakOf(serverClass: { readonly name: string }): Fault {
  const what = `A server of class ${serverClass.name || '(without a name)'} answered a request that the gates never saw`
  return new Fault('server_leaked', `${what}: the answer was withheld, but its handler ran, and the class is not connected again; go back to the version of the SDK that you had before, take the server away until then, and look at what it did.`)
}

export const warnOf: OnFault = (fault) => console.warn(`portcullis: ${fault instanceof Fault ? `${fault.code}: ${fault.message}` : 'an internal fault'}`)

/** The requests of one connection that the guard was asked about, until they are answered or refused. */
export class Guarded {
  readonly #ids = new Map<MessageId, number>()
  readonly #running = new Map<MessageId, AbortSignal | undefined>()

  /** False, and not seen, while another request of this id runs that its client did not cancel: their answers could not be told apart. */
  saw(id: MessageId, signal?: AbortSignal): boolean {
    if (this.#running.has(id) && this.#running.get(id)?.aborted !== true) return false
    this.#running.set(id, signal)
    this.#ids.set(id, (this.#ids.get(id) ?? 0) + 1)
    return true
  }

  /** The guard is through with it; the answer may be yet to leave. */
  ran(id: MessageId, signal?: AbortSignal): void {
    if (this.#running.get(id) === signal) this.#running.delete(id)
  }

  /** Whether this answers something that the guard saw; it does so once. */
  take(id: MessageId): boolean {
    const left = (this.#ids.get(id) ?? 0) - 1
    if (left > 0) this.#ids.set(id, left)
    else this.#ids.delete(id)
    return left >= 0
  }
}

/**
 * On the public transport, behind everything the SDK may do: a success that leaves for a request that the guard never saw becomes an
 * error, and `onLeak` hears of it. The tool ran; what it said does not get out.
 */
export function watchAnswers(transport: TransportLike, guarded: Guarded, onLeak: () => void): Send {
  const send = originals.get(transport) ?? transport.send.bind(transport)
  originals.set(transport, send)
  transport.send = async (message, options) => {
    if (!isPlainObject(message)) throw unguarded('This version of the SDK sends several messages at once.')
    if (!('result' in message) && 'method' in message) return send(message, options)
    // An error takes nothing: an SDK refuses by itself what names a request that is under way.
    if (!('result' in message) || guarded.take(message['id'] as MessageId)) return send(message, options)
    onLeak()
    return send({ jsonrpc: '2.0', id: message['id'], error: { code: INTERNAL_ERROR, message: 'Internal error' } }, options)
  }
  return send
}
