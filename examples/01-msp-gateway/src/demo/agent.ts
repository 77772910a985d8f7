import { Client, ProtocolError, StreamableHTTPClientTransport, type FetchLike } from '@modelcontextprotocol/client'

/** An answer to one tool call, as the client understood it and as it came. */
export interface Answer {
  /** What "the same bytes" compares: see `bytesOf`. */
  readonly bytes: string
  readonly kind: 'result' | 'denied' | 'error'
  /** The denial's code, or the JSON-RPC error code. */
  readonly code?: string | number
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
  readonly call: (tool: string, args?: Record<string, unknown>) => Promise<Answer>
}

export async function connect(url: string, token: string, mode: 'auto' | 'legacy' = 'auto'): Promise<Agent> {
  let last = ''
  const recording: FetchLike = async (input, init) => {
    const response = await fetch(input, init)
    if (init?.method === 'POST') last = await bytesOf(response.clone())
    return response
  }
  const client = new Client({ name: 'portcullis-demo', version: '1.0.0' }, { versionNegotiation: { mode } })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch: recording, requestInit: { headers: { authorization: `Bearer ${token}` } } }))
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}) => {
      try {
        const result = await client.callTool({ name, arguments: args })
        const denial = result._meta?.['dev.portcullis/denial'] as Denial | undefined
        if (denial !== undefined) return { bytes: last, kind: 'denied', code: denial.code, denial }
        return { bytes: last, kind: 'result', data: result.structuredContent }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        const denial = error.data as Denial | undefined
        return denial?.gate === undefined ? { bytes: last, kind: 'error', code: error.code } : { bytes: last, kind: 'denied', code: denial.code, denial }
      }
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

/** Status, headers but Date and (as the JSON-RPC id is in it) the length, and the body with the JSON-RPC id and the decision id blotted out. */
export async function bytesOf(response: Response): Promise<string> {
  const headers = Array.from(response.headers).filter(([name]) => !['date', 'content-length'].includes(name)).map(([name, value]) => `${name}: ${value}`)
  const body = (await response.text()).replaceAll(/"id":\s*(?:\d+|"[^"]*")(?=[,}])/g, '"id":•').replaceAll(/dec_[A-Za-z0-9_-]+/g, 'dec_•')
  return [response.status, ...headers, '', body].join('\n')
}
