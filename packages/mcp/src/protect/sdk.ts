import { Fault } from '@portcullis/core'
import { isPlainObject, type MessageId } from '../message.ts'

/** What both SDK lines call for a request: `context` is `extra` of the first line and `ctx` of the second. */
export type Handler = (request: unknown, context: unknown) => unknown

/** A server of either line, as far as the types of both agree. */
export interface ServerLike {
  connect(transport: never): Promise<void>
  close(): Promise<void>
}

/** A transport of either line. */
export interface TransportLike {
  onmessage?: ((message: unknown, extra?: unknown) => void) | undefined
  send(message: unknown, options?: unknown): Promise<void>
}

/** The low-level server behind either kind, with the private map that both lines dispatch from. */
export interface LowServer {
  connect(transport: object): Promise<void>
  close(): Promise<void>
  setRequestHandler(what: unknown, handler: Handler): void
  getCapabilities?(): unknown
  getNegotiatedProtocolVersion?(): unknown
  fallbackRequestHandler?: Handler | undefined
  readonly transport?: unknown
  readonly _requestHandlers?: unknown
  readonly _notificationHandlers?: unknown
}

/** @throws Fault `server_unguarded` for anything else than a server */
export function lowServerOf(server: unknown): LowServer {
  const inner = typeof server === 'object' && server !== null && 'server' in server ? server.server : undefined
  const low = inner ?? server
  if (typeof low === 'object' && low !== null && has(low, 'connect') && has(low, 'setRequestHandler')) return low as LowServer
  throw unguarded('What was made is no server of @modelcontextprotocol/sdk or @modelcontextprotocol/server.')
}

const has = (value: object, method: string): boolean => typeof (value as Readonly<Record<string, unknown>>)[method] === 'function'

export const unguarded = (sentence: string, cause?: unknown): Fault => new Fault('server_unguarded', sentence, cause === undefined ? undefined : { cause })

/** The id that a handler is called for: `requestId` of the first line, `mcpReq.id` of the second. */
export function requestIdOf(context: unknown): MessageId | undefined {
  if (!isPlainObject(context)) return undefined
  const { mcpReq, requestId } = context
  return (isPlainObject(mcpReq) ? mcpReq['id'] : requestId) as MessageId | undefined
}

/** Ends when the client cancels or goes away. */
export function signalOf(context: unknown): AbortSignal | undefined {
  if (!isPlainObject(context)) return undefined
  const { mcpReq, signal } = context
  const given = isPlainObject(mcpReq) ? mcpReq['signal'] : signal
  return given instanceof AbortSignal ? given : undefined
}
