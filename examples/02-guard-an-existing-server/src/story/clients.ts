import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

/** The official clients of both SDK lines. */
export type Line = 'v1' | 'v2'

export interface Called {
  /** What the tool said, or the sentence of what was refused. */
  readonly said: string
  readonly code?: string
  readonly approvalId?: string
}

export interface Agent extends AsyncDisposable {
  readonly tools: () => Promise<readonly string[]>
  readonly call: (tool: string, args?: Record<string, unknown>) => Promise<Called>
  readonly read: (uri: string) => Promise<string>
  readonly prompt: (name: string, args: Record<string, string>) => Promise<string>
}

const INFO = { name: 'agent', version: '1.0.0' }

async function connected(line: Line, url: string, headers: Record<string, string>): Promise<Client> {
  const requestInit = { headers }
  if (line === 'v1') {
    const client = new FirstClient(INFO)
    await client.connect(new FirstTransport(new URL(url), { requestInit }) as Transport)
    return client as unknown as Client // as far as it is used here, they are the same
  }
  const client = new Client(INFO, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
  return client
}

export async function connect(line: Line, url: string, headers: Record<string, string>): Promise<Agent> {
  const client = await connected(line, url, headers)
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}) => {
      const { content, _meta } = await client.callTool({ name, arguments: args })
      const denial = _meta?.['dev.portcullis/denial'] as { readonly code: string; readonly approvalId?: string } | undefined
      const said = content.map((part) => (part.type === 'text' ? part.text : '')).join('')
      return { said, ...denial }
    },
    read: async (uri) => (await client.readResource({ uri })).contents.map((part) => ('text' in part ? part.text : '')).join(''),
    prompt: async (name, args) => {
      const { messages } = await client.getPrompt({ name, arguments: args })
      return messages.map(({ content }) => (content.type === 'text' ? content.text : '')).join('')
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

export interface RawAnswer {
  readonly status: number
  readonly challenge: string | null
  /** Everything but what no two answers share: the date, and the number of the decision. */
  readonly bytes: string
}

/** One call without any client. */
export async function rawCall(url: string, token: string | undefined, tool: string): Promise<RawAnswer> {
  const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...bearer },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } }),
  })
  const headers = Array.from(response.headers).filter(([name]) => name !== 'date').map(([name, value]) => `${name}: ${value}`)
  const body = (await response.text()).replaceAll(/dec_[\w-]+/g, 'dec_…')
  return { status: response.status, challenge: response.headers.get('www-authenticate'), bytes: [response.status, ...headers, '', body].join('\n') }
}
