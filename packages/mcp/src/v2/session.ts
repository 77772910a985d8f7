import { WebStandardStreamableHTTPServerTransport, type Server } from '@modelcontextprotocol/server'
import type { AskKind, Portcullis, Request as Asked } from '@portcullis/core'
import type { Change } from '../changes.ts'
import { mayBeTold } from '../watch.ts'

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
  readonly #transport: WebStandardStreamableHTTPServerTransport

  private constructor(server: Server, transport: WebStandardStreamableHTTPServerTransport, asked: Asked, askable: readonly AskKind[]) {
    this.#server = server
    this.#transport = transport
    this.asked = asked
    this.askable = askable
  }

  static async begin(id: string, server: Server, asked: Asked, askable: readonly AskKind[]): Promise<Session> {
    const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => id })
    await server.connect(transport)
    return new Session(server, transport, asked, askable)
  }

  handle(request: Request, body?: object): Promise<Response> {
    return this.#transport.handleRequest(request, body === undefined ? {} : { parsedBody: body })
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
