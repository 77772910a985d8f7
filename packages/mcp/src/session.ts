import type { AskKind, Portcullis, Request as Asked } from '@portcullis/core'
import type { Change } from './changes.ts'
import { inFixedWords } from './fixed-words.ts'
import type { Ticket, Wire, WireTransport } from './line.ts'
import { isPlainObject, type MessageId } from './message.ts'
import { isStream } from './peek.ts'
import { ID_IN_FLIGHT, refusalResponse, tooMany } from './refusals.ts'
import { mayBeTold } from './watch.ts'

/** Requests of one session that are answered at the same time. */
const MOST_IN_FLIGHT = 64
const NOTICES = { tools: 'notifications/tools/list_changed', prompts: 'notifications/prompts/list_changed', resources: 'notifications/resources/list_changed' } as const

/** One message for a session, and how it goes through the SDK. */
export interface Passing {
  readonly request: Request
  readonly body?: object
  readonly ticket?: Ticket
  /** Aborted when the client cancels the request, or no longer waits for it. */
  readonly stop?: AbortController
}

/** What a 2025 client began with `initialize`: a connection of the SDK that outlives its requests. Rights are in none of it. */
export class Session {
  readonly askable: readonly AskKind[]
  /** Resources that the client watches. */
  readonly watched = new Set<string>()
  /** As the last request came: changes are told on its rights. */
  asked: Asked
  /** Ends the telling of changes. */
  onClose: () => void = () => undefined
  readonly #wire: Wire
  readonly #send: Send
  /** The transport of an SDK finds the stream of an answer by the id of its request: a second one would take the first one's answer. */
  readonly #inFlight = new Map<MessageId, Passing>()

  constructor(wire: Wire, asked: Asked, askable: readonly AskKind[]) {
    this.#wire = wire
    this.asked = asked
    this.askable = askable
    this.#send = overhear(wire.transport, (answered) => void this.#inFlight.delete(answered))
  }

  open(): Promise<void> {
    return this.#wire.connect()
  }

  async handle(passing: Passing): Promise<Response> {
    const { request, body, ticket } = passing
    const { transport } = this.#wire
    if (body === undefined) return inFixedWords(await transport.handleRequest(request))
    const options = { parsedBody: body, ...(ticket === undefined ? {} : { authInfo: ticket }) }
    const id = isPlainObject(body) && 'method' in body ? (body['id'] as MessageId | undefined) : undefined
    if (id === undefined) return inFixedWords(await transport.handleRequest(request, options))
    if (this.#inFlight.has(id)) return refusalResponse(ID_IN_FLIGHT, id)
    if (this.#inFlight.size >= MOST_IN_FLIGHT) return refusalResponse(tooMany(), id)
    this.#inFlight.set(id, passing)
    const response = await transport.handleRequest(request, options)
    if (isStream(response)) return response
    this.#inFlight.delete(id)
    return inFixedWords(response)
  }

  /**
   * A request that its client cancelled or no longer waits for is never answered: its stream ends here, and so does what the client is
   * asked for it. The id may name another request by now, and unless it is the one that is meant, that one goes on. An SDK keeps the place
   * of an answer until there is one: nobody hears this one.
   */
  abandon(id: MessageId, meant?: Request): void {
    const passing = this.#inFlight.get(id)
    if (passing === undefined || (meant !== undefined && passing.request !== meant)) return
    this.#inFlight.delete(id)
    const { transport } = this.#wire
    const say = transport.onmessage as ((message: object) => void) | undefined
    transport.closeSSEStream(id)
    say?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } })
    passing.stop?.abort()
    void this.#send({ jsonrpc: '2.0', id, error: { code: -32603, message: 'Cancelled' } }).catch(() => undefined)
  }

  async tell(portcullis: Portcullis, change: Change): Promise<void> {
    if (change.kind === 'resource' && !this.watched.has(change.uri)) return
    if (!(await mayBeTold(portcullis, this.asked, change))) return
    if (change.kind === 'resource') await this.#wire.notify('notifications/resources/updated', { uri: change.uri })
    else await this.#wire.notify(NOTICES[change.kind])
  }

  async close(): Promise<void> {
    this.onClose()
    for (const { stop } of this.#inFlight.values()) stop?.abort()
    await this.#wire.close()
  }
}

type Send = (message: object, options?: object) => Promise<void>

/** Tells which requests have been answered, also when nobody listens any more. Returns the way past it. */
function overhear(transport: WireTransport, answered: (id: MessageId) => void): Send {
  const send = transport.send.bind(transport) as Send
  transport.send = async (message: object, options?: object) => {
    try {
      await send(message, options)
    } finally {
      if (!('method' in message) && 'id' in message) answered(message.id as MessageId)
    }
  }
  return send
}
