import { AsyncLocalStorage } from 'node:async_hooks'
import type { AskKind, Note, Opened, Request as Asked } from '@portcullis/core'
import type { MessageId } from '../message.ts'
import type { Send } from './tripwire.ts'

/** A handler that runs for somebody. What it sends goes out as long as it runs, and in the shape that its call allows. */
export interface LiveCall {
  readonly id: MessageId
  readonly method: string
  readonly connection: Connection
  readonly progressToken: string | number | undefined
  /** Of notes: the guard of the call itself. Absent until the gates let it through, and where nothing is called. */
  tell?: ((note: Note) => void) | undefined
  /** Whether it may ask its client. */
  mayAsk: boolean
  over: boolean
}

/** The call that the running code belongs to, through all of its awaits, timers and callbacks. */
export const inCall = new AsyncLocalStorage<LiveCall>()

/** One transport that a server is connected to. It belongs to the authority whose request came first (SES-02). */
export class Connection {
  /** Whoever may use it, and what they asked with last: changes are told on these rights. */
  owner: { readonly opened: Opened; asked: Asked } | undefined
  /** What its client said at `initialize` that it can be asked. */
  askable: readonly AskKind[] = []
  /** Resources whose changes its client asked for. */
  readonly watched = new Set<string>()
  /** Past all that judges what is sent. */
  readonly send: Send
  readonly #calls = new Map<MessageId, LiveCall>()

  constructor(send: Send) {
    this.send = send
  }

  /** False for anybody but its owner: for them it does not exist. */
  bind(opened: Opened, asked: Asked): boolean {
    if (this.owner !== undefined && this.owner.opened.authority !== opened.authority) return false
    this.owner = { opened, asked }
    return true
  }

  begin(id: MessageId, method: string, progressToken: LiveCall['progressToken']): LiveCall {
    const call = { id, method, connection: this, progressToken, mayAsk: false, over: false }
    this.#calls.set(id, call)
    return call
  }

  end(call: LiveCall): void {
    call.over = true
    if (this.#calls.get(call.id) === call) this.#calls.delete(call.id)
  }

  /** The call that something sent now belongs to: of the running code, or of the request that it names if the code has lost its own. */
  callOf(related: unknown): LiveCall | undefined {
    const running = inCall.getStore()
    const call = running ?? this.#calls.get(related as MessageId)
    if (call === undefined || call.over || call.connection !== this) return undefined
    return related === undefined || related === call.id ? call : undefined
  }
}
