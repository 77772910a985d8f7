import { ProtocolErrorCode, WebStandardStreamableHTTPServerTransport, type Server } from '@modelcontextprotocol/server'
import type { AskKind, Portcullis, Request as Asked } from '@portcullis/core'
import type { Change } from '../changes.ts'
import { isPlainObject, type MessageId } from '../message.ts'
import { ID_IN_FLIGHT, refusalResponse, tooMany } from '../refusals.ts'
import { mayBeTold } from '../watch.ts'
import { inFixedWords } from './fixed-words.ts'
import { isStream } from './peek.ts'

/** Requests of one session that are answered at the same time. */
const MOST_IN_FLIGHT = 64

/** What a 2025 client began with `initialize`: a connection of the SDK that outlives its requests. Rights are in none of it. */
export class Session {
  readonly askable: readonly AskKind[]
  /** Resources that the client watches. */
  readonly watched = new Set<string>()
  /** As the last request came: changes are told on its rights. */
  asked: Asked
  /** Ends the telling of changes. */
  onClose: () => void = () => undefined
  readonly #server: Server
  readonly #transport: Transport

  /** The transport of the SDK finds the stream of an answer by the id of its request: a second one would take the first one's answer. */
  readonly #inFlight = new Map<MessageId, Request>()

  constructor(id: string, server: Server, asked: Asked, askable: readonly AskKind[]) {
    this.#server = server
    this.#transport = new Transport(id, (answered) => void this.#inFlight.delete(answered))
    this.asked = asked
    this.askable = askable
  }

  open(): Promise<void> {
    return this.#server.connect(this.#transport)
  }

  async handle(request: Request, body?: object): Promise<Response> {
    if (body === undefined) return inFixedWords(await this.#transport.handleRequest(request))
    const id = isPlainObject(body) && 'method' in body ? (body['id'] as MessageId | undefined) : undefined
    if (id === undefined) return inFixedWords(await this.#transport.handleRequest(request, { parsedBody: body }))
    if (this.#inFlight.has(id)) return refusalResponse(ID_IN_FLIGHT, id)
    if (this.#inFlight.size >= MOST_IN_FLIGHT) return refusalResponse(tooMany(), id)
    this.#inFlight.set(id, request)
    const response = await this.#transport.handleRequest(request, { parsedBody: body })
    if (isStream(response)) return response
    this.#inFlight.delete(id)
    return inFixedWords(response)
  }

  /**
   * A request that its client cancelled or no longer waits for is never answered: its stream ends here, and so does what the SDK asks the
   * client for it. The id may name another request by now, and that one goes on.
   */
  abandon(id: MessageId, request: Request): void {
    if (this.#inFlight.get(id) !== request) return
    this.#inFlight.delete(id)
    this.#transport.abandon(id)
  }

  async tell(portcullis: Portcullis, change: Change): Promise<void> {
    if (change.kind === 'resource' && !this.watched.has(change.uri)) return
    if (!(await mayBeTold(portcullis, this.asked, change))) return
    switch (change.kind) {
      case 'tools':
        return this.#server.sendToolListChanged()
      case 'prompts':
        return this.#server.sendPromptListChanged()
      case 'resources':
        return this.#server.sendResourceListChanged()
      case 'resource':
        return this.#server.sendResourceUpdated({ uri: change.uri })
    }
  }

  async close(): Promise<void> {
    this.onClose()
    await this.#server.close()
  }
}

/** Says which requests have been answered, also when nobody listens any more. */
class Transport extends WebStandardStreamableHTTPServerTransport {
  readonly #answered: (id: MessageId) => void

  constructor(id: string, answered: (id: MessageId) => void) {
    super({ sessionIdGenerator: () => id })
    this.#answered = answered
  }

  /** The SDK stops handling what is cancelled, and keeps the place of its answer until there is one: nobody hears this one. */
  abandon(id: MessageId): void {
    this.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } })
    this.closeSSEStream(id)
    void super.send({ jsonrpc: '2.0', id, error: { code: ProtocolErrorCode.InternalError, message: 'Cancelled' } }).catch(() => undefined)
  }

  override async send(...[message, options]: Parameters<WebStandardStreamableHTTPServerTransport['send']>): Promise<void> {
    try {
      await super.send(message, options)
    } finally {
      if (!('method' in message) && message.id !== undefined) this.#answered(message.id)
    }
  }
}
