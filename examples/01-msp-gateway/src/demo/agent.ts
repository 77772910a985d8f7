import { AsyncLocalStorage } from 'node:async_hooks'
import { Client, ProtocolError, StreamableHTTPClientTransport, type FetchLike } from '@modelcontextprotocol/client'

/** An answer to one tool call, as the client understood it and as it came. */
export interface Answer {
  /** What "the same bytes" compares: see `bytesOf`. */
  readonly bytes: string
  readonly kind: 'result' | 'denied' | 'error'
  /** The denial's code, or the JSON-RPC error code. */
  readonly code?: string | number | undefined
  readonly denial?: Denial
  /** The structured result. */
  readonly data?: unknown
}

/** `_meta['dev.portcullis/denial']`, as far as the demo reads it. */
export interface Denial {
  readonly gate: string
  readonly code: string
  readonly message: string
  readonly effect: 'none' | 'done' | 'unknown'
  readonly approvalId?: string
}

/** An agent: the official MCP client with one token and one endpoint. */
export interface Agent extends AsyncDisposable {
  readonly tools: () => Promise<readonly string[]>
  readonly call: (tool: string, args?: Record<string, unknown>, meta?: Record<string, unknown>) => Promise<Answer>
  /** The JSON-RPC ids of what it has sent. */
  readonly ids: () => readonly unknown[]
}

export interface ClientOptions {
  readonly mode?: 'auto' | 'legacy'
  readonly headers?: Readonly<Record<string, string>>
  /** Shows a person the link that the server asks to be opened. Without it, the client does not say that it can. */
  readonly onLink?: (url: string) => void
}

export async function connect(url: string, token: string, { mode = 'auto', headers = {}, onLink }: ClientOptions = {}): Promise<Agent> {
  const heard = new AsyncLocalStorage<{ bytes: string }>()
  const ids: unknown[] = []
  const recording: FetchLike = async (input, init) => {
    if (typeof init?.body === 'string') ids.push((JSON.parse(init.body) as { readonly id?: unknown }).id)
    const response = await fetch(input, init)
    const call = heard.getStore()
    if (call !== undefined) call.bytes = await bytesOf(response.clone())
    return response
  }
  const client = new Client({ name: 'portcullis-demo', version: '1.0.0' }, { versionNegotiation: { mode }, capabilities: onLink === undefined ? {} : { elicitation: { url: {} } } })
  if (onLink !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }) => {
      if (params.mode === 'url') onLink(params.url)
      return { action: 'accept' }
    })
  }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch: recording, requestInit: { headers: { ...headers, authorization: `Bearer ${token}` } } }))
  const understood = async (name: string, args: Record<string, unknown>, meta: Record<string, unknown> | undefined): Promise<Omit<Answer, 'bytes'>> => {
    try {
      const result = await client.callTool({ name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) })
      const denial = result._meta?.['dev.portcullis/denial'] as Denial | undefined
      return denial === undefined ? { kind: 'result', data: result.structuredContent } : { kind: 'denied', code: denial.code, denial }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      const denial = error.data as Denial | undefined
      return denial?.gate === undefined ? { kind: 'error', code: error.code } : { kind: 'denied', code: denial.code, denial }
    }
  }
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}, meta) => {
      const call = { bytes: '' }
      const answer = await heard.run(call, () => understood(name, args, meta))
      return { bytes: call.bytes, ...answer }
    },
    ids: () => ids,
    [Symbol.asyncDispose]: () => client.close(),
  }
}

/** Status, headers but Date and (as the JSON-RPC id is in it) the length, and the body with the JSON-RPC id and the decision id blotted out. */
export async function bytesOf(response: Response): Promise<string> {
  const headers = Array.from(response.headers).filter(([name]) => !['date', 'content-length'].includes(name)).map(([name, value]) => `${name}: ${value}`)
  const body = (await response.text()).replaceAll(/"id":\s*(?:\d+|"[^"]*")(?=[,}])/g, '"id":•').replaceAll(/dec_[A-Za-z0-9_-]+/g, 'dec_•')
  return [response.status, ...headers, '', body].join('\n')
}
