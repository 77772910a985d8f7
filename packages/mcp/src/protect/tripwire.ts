import { Fault } from '@portcullis/core'
import { worded } from '../fixed-words.ts'
import { isPlainObject, type MessageId } from '../message.ts'
import { unguarded, type TransportLike } from './sdk.ts'

const INTERNAL_ERROR = -32603
/** Sends of transports that are watched: a transport that is used again is watched anew, not twice. */
const originals = new WeakMap<object, TransportLike['send']>()

/** Requests of one connection that an SDK may leave without an answer, as far as they are remembered. */
const MOST_UNASKED = 1_000

export type Send = TransportLike['send']

/** Told what broke. */
export type OnFault = (fault: unknown) => void

/** What the operator of a server whose answer was withheld is told: a Fault `server_leaked`. */
export function leakOf({ name }: { readonly name: string }, past: boolean): Fault {
  const server = `A server of class ${name || '(without a name)'}`
  return new Fault('server_leaked', past
    ? `${server} answered a request that the gates never saw: the answer was withheld, but its handler ran, and the class is not connected again; go back to the version of the SDK that you had before, take the server away until then, and look at what it did.`
    : `${server} sent an answer that nobody waited for, or a second one: it was withheld; look for the handler that writes answers to the transport by itself.`)
}

export const warnOf: OnFault = (fault) => console.warn(`portcullis: ${fault instanceof Fault ? `${fault.code}: ${fault.message}` : 'an internal fault'}`)

/** The requests of one connection that the guard was asked about, until they are answered or refused. */
export class Guarded {
  /** That came, and that neither the guard nor the SDK has answered for yet. */
  readonly #came = new Map<MessageId, number>()
  readonly #ids = new Map<MessageId, number>()
  readonly #running = new Map<MessageId, AbortSignal | undefined>()

  came(id: MessageId): void {
    this.#came.set(id, (this.#came.get(id) ?? 0) + 1)
    if (this.#came.size > MOST_UNASKED) this.#came.delete(this.#came.keys().next().value as MessageId)
  }

  /** Whether a request of this id came and the guard was not asked about it: said once. */
  passed(id: MessageId): boolean {
    return takeOne(this.#came, id)
  }

  /** False, and not seen, while another request of this id runs that its client did not cancel: their answers could not be told apart. */
  saw(id: MessageId, signal?: AbortSignal): boolean {
    takeOne(this.#came, id)
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
    return takeOne(this.#ids, id)
  }
}

function takeOne(counts: Map<MessageId, number>, id: MessageId): boolean {
  const left = (counts.get(id) ?? 0) - 1
  if (left > 0) counts.set(id, left)
  else counts.delete(id)
  return left >= 0
}

/**
 * On the public transport, behind everything the SDK may do: a success that leaves for a request that the guard never saw becomes an
 * error, and `onLeak` hears whether such a request had come: then its handler ran past the guard. Otherwise it is something that the server
 * itself wrote, which says nothing about its SDK.
 */
export function watchAnswers(transport: TransportLike, guarded: Guarded, onLeak: (past: boolean) => void): Send {
  const send = originals.get(transport) ?? transport.send.bind(transport)
  originals.set(transport, send)
  const { onmessage } = transport
  transport.onmessage = (message, extra) => {
    if (isPlainObject(message) && typeof message['method'] === 'string' && message['id'] !== undefined) guarded.came(message['id'] as MessageId)
    onmessage?.(message, extra)
  }
  transport.send = async (message, options) => {
    if (!isPlainObject(message)) throw unguarded('This version of the SDK sends several messages at once.')
    if (!('result' in message) && 'method' in message) return send(message, options)
    const id = message['id'] as MessageId
    if (!('result' in message)) {
      // What the guard was not asked about, the SDK refused by itself. A request of this id that is under way goes on.
      const { error } = message
      return send(guarded.passed(id) && isPlainObject(error) ? { ...message, error: worded(error) } : message, options)
    }
    if (guarded.take(id)) return send(message, options)
    onLeak(guarded.passed(id))
    return send({ jsonrpc: '2.0', id, error: { code: INTERNAL_ERROR, message: 'Internal error' } }, options)
  }
  return send
}
