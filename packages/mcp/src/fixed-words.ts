import { isVersion } from './envelope.ts'
import { isPlainObject } from './message.ts'

/** By the codes of JSON-RPC 2.0 and MCP. */
const WORDS: ReadonlyMap<unknown, string> = new Map([
  [-32700, 'Parse error'],
  [-32600, 'Invalid Request'],
  [-32601, 'Method not found'],
  [-32602, 'Invalid params'],
  [-32603, 'Internal error'],
  [-32001, 'Session not found'],
  [-32020, 'Headers and body disagree'],
  [-32021, 'Missing required client capability'],
  [-32022, 'Unsupported protocol version'],
])
const BY_STATUS: ReadonlyMap<number, string> = new Map([
  [405, 'Method not allowed'],
  [406, 'Not acceptable: accept application/json and text/event-stream'],
  [409, 'Conflict: there is such a stream already'],
  [415, 'Unsupported media type'],
])
const UNSUPPORTED_VERSION = -32022

/** What the SDK refuses by itself: its status and code, but our words. Its own repeat what was sent and tell of its inside. */
export async function inFixedWords(response: Response): Promise<Response> {
  if (response.body === null || response.headers.get('content-type')?.startsWith('application/json') !== true) return response
  const text = await response.text()
  const refused = errorIn(text, response.status)
  return new Response(refused ?? text, { status: response.status, headers: refused === undefined ? response.headers : { 'content-type': 'application/json' } })
}

/** The error that a text is, worded anew; undefined when it is none. */
export function errorIn(text: string, status: number): string | undefined {
  const body = parsed(text)
  if (body === 'broken') return JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32603, message: WORDS.get(-32603) } })
  const error = isPlainObject(body) ? body['error'] : undefined
  if (!isPlainObject(body) || !isPlainObject(error)) return undefined
  return JSON.stringify({ jsonrpc: '2.0', id: body['id'] ?? null, error: worded(error, status) })
}

/** An error of the SDK's own: its code, and our words. */
export function worded({ code, data }: Readonly<Record<string, unknown>>, status = 200): object {
  const versions = code === UNSUPPORTED_VERSION ? versionsIn(data) : undefined
  return { code, message: WORDS.get(code) ?? BY_STATUS.get(status) ?? 'Bad request', ...(versions === undefined ? {} : { data: versions }) }
}

/** MCP has clients told which versions there are, and which one they asked for. */
function versionsIn(data: unknown): object | undefined {
  if (!isPlainObject(data)) return undefined
  const { supported, requested } = data
  return { supported, ...(isVersion(requested) ? { requested } : {}) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return 'broken'
  }
}
