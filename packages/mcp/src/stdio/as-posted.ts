import { MODERN, versionAsked } from '../envelope.ts'
import { isName, isPlainObject, isUri, type Message } from '../message.ts'

const POSTED = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const PRINTABLE = /^[\x21-\x7e]+$/
/** Which member of the params `Mcp-Name` repeats (SEP-2243). */
const NAMED: Readonly<Record<string, 'name' | 'uri'>> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' }
const ENVELOPE = 'io.modelcontextprotocol/'

/** Whether a message says of itself that it is of 2026-07-28 or later; over stdio nothing else can. */
export const isEnveloped = ({ params: { _meta } }: Message): boolean => isPlainObject(_meta) && _meta[`${ENVELOPE}protocolVersion`] !== undefined

/** The headers that a client would have sent with this message over HTTP: they repeat what it says, so they cannot disagree with it. Undefined is what only a session may have asked for. */
export function headersOf(message: Message | undefined, sessionId: string | undefined): Record<string, string> {
  if (message === undefined || !isEnveloped(message)) return { ...POSTED, ...(sessionId === undefined ? {} : { 'mcp-session-id': sessionId }) }
  const { method, params } = message
  const member = NAMED[method]
  const name = params[member ?? '']
  return {
    ...POSTED,
    'mcp-protocol-version': versionAsked(message) ?? MODERN,
    ...(PRINTABLE.test(method) ? { 'mcp-method': method } : {}),
    ...((member === 'uri' ? isUri : isName)(name) ? { 'mcp-name': `=?base64?${Buffer.from(name).toString('base64')}?=` } : {}),
  }
}
