import { isPlainObject, type MessageId } from '../message.ts'
import { unguarded, type TransportLike } from './sdk.ts'

const INTERNAL_ERROR = -32603
/** Sends of transports that are watched: a transport that is used again is watched anew, not twice. */
const originals = new WeakMap<object, TransportLike['send']>()

export type Send = TransportLike['send']

/** The requests of one connection that the guard was asked about, until they are answered. */
export class Guarded {
  readonly #ids = new Map<MessageId, number>()

  saw(id: MessageId): void {
    this.#ids.set(id, (this.#ids.get(id) ?? 0) + 1)
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
    const seen = guarded.take(message['id'] as MessageId)
    if (seen || !('result' in message)) return send(message, options)
    onLeak()
    return send({ jsonrpc: '2.0', id: message['id'], error: { code: INTERNAL_ERROR, message: 'Internal error' } }, options)
  }
  return send
}
