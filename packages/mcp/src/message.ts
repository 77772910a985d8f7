export type MessageId = string | number

/** One JSON-RPC 2.0 message from a client. Without an id it is a notification. */
export interface Message {
  readonly id: MessageId | undefined
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

const MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params'])
const LONGEST_NAME = 256
const LONGEST_URI = 2_048

/**
 * Reads a parsed body as exactly one request or notification; undefined for anything else: batches (gone since 2025-06-18), responses
 * (this server asks nothing), ids that are null or not whole, params by position, members that JSON-RPC does not have.
 */
export function readMessage(body: unknown): Message | undefined {
  if (!isPlainObject(body) || Object.keys(body).some((name) => !MEMBERS.has(name))) return undefined
  const { jsonrpc, id, method, params = {} } = body
  if (jsonrpc !== '2.0' || !isName(method) || !isPlainObject(params)) return undefined
  return !('id' in body) ? { id: undefined, method, params } : isId(id) ? { id, method, params } : undefined
}

export const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Names are compared, never looked up by prefix or pattern; none that we know is this long. */
export const isName = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= LONGEST_NAME

/** URIs carry paths and queries; what is longer than any browser sends is not read. */
export const isUri = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= LONGEST_URI

export const isId = (value: unknown): value is MessageId => (typeof value === 'string' ? value.length <= LONGEST_NAME : Number.isSafeInteger(value))
