import type { Server } from '@modelcontextprotocol/server'
import type { Portcullis, Request as Asked } from '@portcullis/core'
import { askableOf } from '../askable.ts'
import { Listeners, type Change } from '../changes.ts'
import { dispatch } from '../dispatch.ts'
import type { Message } from '../message.ts'
import { HOST_BROKEN, NO_SESSION, refusalResponse, tooMany, type Refusal } from '../refusals.ts'
import { Sessions, type SessionLimits } from '../sessions.ts'
import { Session } from './session.ts'

type Found = Refusal | { readonly kind: 'session'; readonly session: Session }
type Owner = Refusal | { readonly kind: 'opened'; readonly tenant: string; readonly principal: string }

const PING: Message = { id: undefined, method: 'ping', params: {} }

/** Begins, finds and ends sessions. Gates 1 and 2 come first; then only the principal that began a session finds it, at its endpoint. */
export class SessionDesk {
  readonly #portcullis: Portcullis
  /** Sessions are capped themselves. */
  readonly #listeners = new Listeners({ principal: Infinity, all: Infinity })
  readonly #sessions: Sessions<Session>
  readonly #server: () => Server

  constructor(portcullis: Portcullis, limits: SessionLimits, server: () => Server) {
    this.#portcullis = portcullis
    this.#sessions = new Sessions(limits, () => performance.now())
    this.#server = server
  }

  async begin(request: Request, { id = null, params }: Omit<Message, 'id'> & { readonly id?: Message['id'] | null }, asked: Asked, body: object): Promise<Response> {
    const owner = await this.#owner(asked)
    if (owner.kind === 'refusal') return refusalResponse(owner, id)
    let begun = ''
    const session = await this.#sessions.begin(nameOf(owner, asked), (fresh) => {
      begun = fresh
      return Session.begin(fresh, this.#server(), asked, askableOf(params['capabilities']))
    })
    const listening = session === undefined ? undefined : this.#listeners.add({ ...owner, tell: (change) => void session.tell(this.#portcullis, change).catch(() => undefined) })
    if (session === undefined) return refusalResponse(tooMany(), id)
    session.onClose = listening ?? session.onClose
    const response = await session.handle(request, body)
    if (!response.ok) this.#sessions.end(begun)
    return response
  }

  async find(id: string, asked: Asked): Promise<Found> {
    const owner = await this.#owner(asked)
    if (owner.kind === 'refusal') return owner
    const session = this.#sessions.find(id, nameOf(owner, asked))
    if (session === undefined) return NO_SESSION
    session.asked = asked
    return { kind: 'session', session }
  }

  /** A client's answer to what it was asked. */
  async reply(request: Request, id: string, asked: Asked, body: object): Promise<Response> {
    const found = await this.find(id, asked)
    return found.kind === 'refusal' ? refusalResponse(found, null) : found.session.handle(request, body)
  }

  /** GET opens the stream of changes, DELETE ends the session. */
  async manage(request: Request, id: string | null, asked: Asked): Promise<Response> {
    const found = id === null ? NO_SESSION : await this.find(id, asked)
    if (found.kind === 'refusal') return refusalResponse(found, null)
    const response = await found.session.handle(request)
    if (request.method === 'DELETE' && id !== null) this.#sessions.end(id)
    return response
  }

  publish(tenant: string, change: Change): void {
    this.#listeners.publish(tenant, change)
  }

  close(): void {
    this.#sessions.endAll()
  }

  async #owner(asked: Asked): Promise<Owner> {
    const opened = await dispatch(this.#portcullis, PING, { kind: 'open' }, { asked, signal: new AbortController().signal, askable: [] })
    return opened.kind === 'opened' || opened.kind === 'refusal' ? opened : HOST_BROKEN
  }
}

const nameOf = ({ tenant, principal }: Extract<Owner, { kind: 'opened' }>, { endpoint }: Asked): string => JSON.stringify([tenant, principal, endpoint ?? null])
