import { isPlainObject } from '../message.ts'
import { onceHandled } from './handler-map.ts'
import { lowServerOf, type Handler, type ServerLike, type TransportLike } from './sdk.ts'
import { guardServer } from './seam.ts'

const INITIALIZED = 'notifications/initialized'
const METHOD_NOT_FOUND = { code: -32601, message: 'Method not found' }
/** For what a server does once it is initialized (ms). What takes it longer is not seen. */
const PATIENCE_MS = 2_000

/** Asks for one page of a list. */
export type AskList = (method: string, cursor: string | undefined) => Promise<unknown>

interface Ends extends TransportLike {
  onclose?: () => void
  start(): Promise<void>
  close(): Promise<void>
}

/**
 * Connects a server to nobody and shakes hands as clients do, so that it has what it registers late; then it can be asked for its lists.
 * The guard lets this one conversation through, and no other begins. Questions to the client are refused: nobody is there.
 */
export async function rehearse(server: ServerLike): Promise<AskList> {
  guardServer(server, (_, original) => original ?? none)
  const waiting = new Map<number, (answer: unknown) => void>()
  const transport: Ends = {
    start: async () => undefined,
    close: async () => transport.onclose?.(),
    send: async (message) => {
      if (!isPlainObject(message)) return
      const { id, method, result } = message
      if (method === undefined && typeof id === 'number') waiting.get(id)?.(result)
      if (method !== undefined && id !== undefined) queueMicrotask(() => transport.onmessage?.({ jsonrpc: '2.0', id, error: METHOD_NOT_FOUND }, {}))
    },
  }
  await server.connect(transport as never)
  let id = 0
  const ask = (method: string, params: object): Promise<unknown> => new Promise((resolve) => {
    waiting.set(++id, resolve)
    transport.onmessage?.({ jsonrpc: '2.0', id, method, params }, {})
  })
  await ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'portcullis', version: '0.0.0' } })
  const handled = onceHandled(lowServerOf(server), INITIALIZED)
  transport.onmessage?.({ jsonrpc: '2.0', method: INITIALIZED }, {})
  await atMost(PATIENCE_MS, handled)
  return (method, cursor) => ask(method, cursor === undefined ? {} : { cursor })
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, late])
  clearTimeout(timer)
}

const none: Handler = () => {
  throw Object.assign(new Error(METHOD_NOT_FOUND.message), METHOD_NOT_FOUND)
}
