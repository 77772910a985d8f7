import { isPlainObject, type Message } from './message.ts'

/** The request as an SDK may see it: without its credentials, its address and its body. Calls are cancelled past it, so only streams need a signal. */
export function bare({ method, headers }: Request, signal?: AbortSignal): Request {
  const kept: [string, string][] = []
  for (const [name, value] of headers) if (name === 'accept' || name === 'content-type' || name.startsWith('mcp-')) kept.push([name, value])
  return new Request('http://localhost/mcp', { method, headers: kept, ...(signal === undefined ? {} : { signal }) })
}

/** What gate 8 judges, and what the client answered. */
const NOT_ITS_BUSINESS: ReadonlySet<string> = new Set(['arguments', 'inputResponses', 'requestState'])
const RELATED_TASK = 'io.modelcontextprotocol/related-task'

/** The message as an SDK may see it. Whoever has no tasks (2025-11-25) ignores what is said of them; what names one is queued for it past every handler. */
export function stripped({ id, method, params }: Message, hasTasks: boolean): object {
  const rest = without(params, (name) => NOT_ITS_BUSINESS.has(name) || (name === 'task' && !hasTasks))
  const { _meta } = params
  const meta = isPlainObject(_meta) ? { _meta: without(_meta, (name) => name === RELATED_TASK) } : {}
  const blank = method === 'completion/complete' ? { argument: { name: '', value: '' } } : {}
  return { jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params: { ...rest, ...meta, ...blank } }
}

const without = (record: Readonly<Record<string, unknown>>, drop: (name: string) => boolean): object => Object.fromEntries(Object.entries(record).filter(([name]) => !drop(name)))
