import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

export type Era = 'legacy' | 'modern'

/** The official client of the second SDK line, speaking 2025 or 2026-07-28. */
export async function connect(origin: string, token: string, era: Era, path = '/mcp'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' } })
  await client.connect(new StreamableHTTPClientTransport(new URL(path, origin), { requestInit: { headers: { authorization: `Bearer ${token}` } } }))
  return client
}

/** The official client of the first SDK line, which checks every result against the tool's output schema. */
export async function connectFirst(origin: string, token: string): Promise<FirstClient> {
  const client = new FirstClient({ name: 'test', version: '1' })
  await client.connect(new FirstTransport(new URL('/mcp', origin), { requestInit: { headers: { authorization: `Bearer ${token}` } } }) as Parameters<FirstClient['connect']>[0])
  return client
}
