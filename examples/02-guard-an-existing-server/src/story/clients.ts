import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

/** The official clients of both SDK lines. */
export type Line = 'v1' | 'v2'

export interface Agent extends AsyncDisposable {
  readonly tools: () => Promise<readonly string[]>
  /** What the tool said, or the code of what was refused. */
  readonly call: (tool: string, args?: Record<string, unknown>) => Promise<{ readonly said: string; readonly code?: string; readonly approvalId?: string }>
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
    prompt: async (name, args) => (await client.getPrompt({ name, arguments: args })).messages.map(({ content }) => (content.type === 'text' ? content.text : '')).join(''),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

/** One raw call, and everything of its answer but what no two answers share: date, and the number of the decision. */
export async function rawCall(url: string, token: string | undefined, tool: string): Promise<{ readonly status: number; readonly challenge: string | null; readonly bytes: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } }),
  })
  const headers = Array.from(response.headers).filter(([name]) => name !== 'date').map(([name, value]) => `${name}: ${value}`)
  const body = (await response.text()).replaceAll(/dec_[\w-]+/g, 'dec_…')
  return { status: response.status, challenge: response.headers.get('www-authenticate'), bytes: [response.status, ...headers, '', body].join('\n') }
}
