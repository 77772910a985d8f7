import type { AskKind } from '@portcullis/core'
import { askableOf } from './askable.ts'
import { isPlainObject, type Message } from './message.ts'

export const MODERN = '2026-07-28'
const VERSION = 'io.modelcontextprotocol/protocolVersion'
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
const VERSION_FORM = /^[\w.-]{1,64}$/

const metaOf = ({ params: { _meta } }: Message): Readonly<Record<string, unknown>> => (isPlainObject(_meta) ? _meta : {})

/** Says what it is in both places. Anything else an SDK judges; where it disagrees, it refuses. */
export const isSurelyModern = ({ headers }: Request, message: Message): boolean => headers.get('mcp-protocol-version') === MODERN && metaOf(message)[VERSION] === MODERN

/** Says so in one place: the envelope began with 2026-07-28. */
export const isPerhapsModern = ({ headers }: Request, message: Message): boolean => headers.get('mcp-protocol-version') === MODERN || metaOf(message)[VERSION] !== undefined

/** What a refusal may repeat. */
export function versionAsked(message: Message): string | undefined {
  const version = metaOf(message)[VERSION] ?? MODERN
  return isVersion(version) ? version : undefined
}

export const isVersion = (value: unknown): value is string => typeof value === 'string' && VERSION_FORM.test(value)

/** What a client of 2026-07-28 can be asked. */
export const declaredIn = (message: Message): readonly AskKind[] => askableOf(metaOf(message)[CAPABILITIES])

export function progressTokenOf(message: Message): string | number | undefined {
  const { progressToken: token } = metaOf(message)
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}

/** A client's answer to what it was asked in a session. */
export const isReply = (body: unknown): body is object => isPlainObject(body) && body['jsonrpc'] === '2.0' && 'id' in body && ('result' in body || 'error' in body) && !('method' in body)
