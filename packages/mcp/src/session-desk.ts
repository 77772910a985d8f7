import type { Portcullis, Request as Asked } from '@portcullis/core'
import { askableOf } from './askable.ts'
import { Listeners, type Change } from './changes.ts'
import type { Ticket, Wire } from './line.ts'
import type { Message } from './message.ts'
import { NO_SESSION, refusal, refusalResponse, tooMany, type Refusal } from './refusals.ts'
import { Session } from './session.ts'
import { Sessions, type SessionLimits } from './sessions.ts'
import { merged } from './watch.ts'

type Found = Refusal | { readonly kind: 'session'; readonly session: Session }

/**
 * Begins, finds and ends sessions. Gates 1 to 4 come before a session begins, gates 1 and 2 before it is looked for; then only a request
 * of the same authority finds it: an answer on its stream must be nobody's who may see less, or something else.
 */
export class SessionDesk {
  readonly #portcullis: Portcullis
  /** Sessions are capped themselves. */
  readonly #listeners = new Listeners({ principal: Infinity, tenant: Infinity, all: Infinity })
  readonly #sessions: Sessions<Session>
  readonly #wire: (id: string) => Wire

  constructor(portcullis: Portcullis, limits: SessionLimits, wire: (id: string) => Wire) {
    this.#portcullis = portcullis
    this.#sessions = new Sessions(limits, () => performance.now())
    this.#wire = wire
  }

  async begin(request: Request, { id = null, params }: Omit<Message, 'id'> & { readonly id?: Message['id'] | null }, asked: Asked, body: object, ticket: Ticket): Promise<Response> {
    const owner = await this.#portcullis.begin(asked)
    if (owner.kind !== 'open') return refusalResponse(refusal(owner, this.#portcullis.url), id)
    const begun = this.#sessions.begin(owner, (fresh) => new Session(this.#wire(fresh), asked, askableOf(params['capabilities'])))
    if (begun === undefined) return refusalResponse(tooMany(), id)
    const { session } = begun
    session.onClose = this.#listeners.add({ ...owner, tell: merged((change) => session.tell(this.#portcullis, change)) }) ?? session.onClose
    try {
      await session.open()
      const response = await session.handle({ request, body, ticket })
      // Nobody could find a session whose id was not told.
      if (!response.ok || response.headers.get('mcp-session-id') === null) this.#sessions.end(begun.id)
      return response
    } catch (fault) {
      this.#sessions.end(begun.id)
      throw fault
    }
  }

  async find(id: string, asked: Asked): Promise<Found> {
    const owner = await this.#portcullis.open(asked)
    if (owner.kind !== 'open') return refusal(owner, this.#portcullis.url)
    const session = this.#sessions.find(id, owner)
    if (session === undefined) return NO_SESSION
    session.asked = asked
    return { kind: 'session', session }
  }

  /** A client's answer to what it was asked. */
  async reply(request: Request, id: string, asked: Asked, body: object): Promise<Response> {
    const found = await this.find(id, asked)
    return found.kind === 'refusal' ? refusalResponse(found, null) : found.session.handle({ request, body })
  }

  /** GET opens the stream of changes, DELETE ends the session. */
  async manage(request: Request, id: string | null, asked: Asked): Promise<Response> {
    const found = id === null ? NO_SESSION : await this.find(id, asked)
    if (found.kind === 'refusal') return refusalResponse(found, null)
    const response = await found.session.handle({ request })
    if (request.method === 'DELETE' && id !== null) this.#sessions.end(id)
    return response
  }

  publish(tenant: string, change: Change): void {
    this.#listeners.publish(tenant, change)
  }

  close(): void {
    this.#sessions.endAll()
  }
}
