import type { AskRequest, Note } from '@portcullis/core'
import type { Change } from './changes.ts'
import type { Caller } from './dispatch.ts'
import type { Message, MessageId } from './message.ts'
import type { GuardServer } from './existing.ts'
import type { Refusal } from './refusals.ts'

/**
 * What a host needs of an SDK: `@modelcontextprotocol/sdk` 1.x under `./v1`, `/server` 2.x under `./v2`. An SDK frames messages and
 * carries them; it decides nothing, and none of its words reach a client.
 */
export interface Line {
  /** In a session with this id, or for one request that is answered without a stream. */
  wire(sessionId: string | undefined): Wire
  /** Absent where 2026-07-28 is not spoken. */
  readonly modern?: Modern
  /** The versions of 2025 and before. */
  readonly versions: readonly string[]
}

/** A low-level server and the web-standard transport that it is joined to. */
export interface Wire {
  readonly transport: WireTransport
  connect(): Promise<void>
  /** A notification that belongs to no request. */
  notify(method: string, params?: Readonly<Record<string, unknown>>): Promise<void>
  close(): Promise<void>
}

/** What both SDKs call it. */
export interface WireTransport {
  onmessage?: ((message: never) => void) | undefined
  handleRequest(request: Request, options?: { readonly parsedBody?: unknown; readonly authInfo?: Ticket }): Promise<Response>
  closeSSEStream(id: MessageId): void
  send(message: never, options?: never): Promise<void>
}

/** Goes with a message through the SDK and comes out again where it is handled, in the place of what the SDK knows of a caller: nothing. */
export interface Ticket {
  token: ''
  clientId: ''
  scopes: []
}

/** What an SDK lets one run of a handler tell its client, and ask it. */
export interface Turn {
  /** Aborts when the SDK stops handling the request. */
  readonly signal: AbortSignal
  progress(params: Readonly<Record<string, unknown>>): Promise<void>
  /** Not sent when the client wants only graver ones. */
  log(note: Extract<Note, { kind: 'log' }>): Promise<void>
  /** Rejects when the client refuses, leaves, or is late (ms). */
  ask(request: AskRequest, signal: AbortSignal, within: number): Promise<object>
}

/** What a line asks whenever one of its handlers runs. */
export type Handle = (ticket: object | undefined, turn: Turn) => Promise<object>

/** What a line is made with: what answers its own servers, and what guards those of others. */
export interface Behind {
  readonly handle: Handle
  readonly guard: GuardServer
}

export interface Modern {
  /** Whether the SDK takes a message for one of 2026-07-28. */
  speaks(request: Request, message: Message, body: object): Promise<boolean>
  fetch(request: Request, body: object, ticket: Ticket): Promise<Response>
  /** Opens a stream of changes, which `notify` feeds. */
  listen(message: Message, caller: Caller, request: Request, body: object): Promise<Response | Refusal>
  notify(tenant: string, change: Change): void
  close(): Promise<void>
}
