import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { WebStandardStreamableHTTPServerTransport as V1Transport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createMcpHandler, WebStandardStreamableHTTPServerTransport as V2Transport } from '@modelcontextprotocol/server'
import { WebStandardStreamableHTTPServerTransport as V1FloorTransport } from 'sdk-floor/server/webStandardStreamableHttp.js'
import { createMcpHandler as createFloorHandler, WebStandardStreamableHTTPServerTransport as V2FloorTransport } from 'server-floor'
import type { ServerLike } from '../../src/protect/sdk.ts'
import { LINES, type Line } from './lines.ts'

const ORIGIN = 'http://127.0.0.1:1'

export type Fetch = (request: Request) => Promise<Response>
type Make = (...context: unknown[]) => ServerLike | Promise<ServerLike>
interface Transport { readonly sessionId?: string; handleRequest(request: Request): Promise<Response>; close(): Promise<void> }

/** A way to host an MCP server that has nothing of ours in it: what people have today. */
export interface Hosting {
  readonly name: string
  readonly line: Line
  readonly era: 'modern' | 'legacy'
  readonly sessions: boolean
  host(make: Make): Fetch
}

/** One server for each session, kept by its id, as the SDK's examples do it. */
const inSessions = (NewTransport: new (options: object) => Transport) => (make: Make): Fetch => {
  const kept = new Map<string, Transport>()
  return async (request) => {
    const known = kept.get(request.headers.get('mcp-session-id') ?? '')
    if (known !== undefined) return known.handleRequest(request)
    const transport = new NewTransport({ sessionIdGenerator: () => crypto.randomUUID(), onsessioninitialized: (id: string) => void kept.set(id, transport) })
    await (await make()).connect(transport as never)
    return transport.handleRequest(request)
  }
}

/** One server for each request. */
const stateless = (NewTransport: new (options: object) => Transport) => (make: Make): Fetch => async (request) => {
  const transport = new NewTransport({ sessionIdGenerator: undefined, enableJsonResponse: true })
  await (await make()).connect(transport as never)
  return transport.handleRequest(request)
}

const [sdk, sdkFloor, server, serverFloor] = LINES as readonly [Line, Line, Line, Line]
const byEntry = (create: typeof createMcpHandler) => (make: Make): Fetch => {
  const handler = create(make as never)
  return (request) => handler.fetch(request)
}

export const HOSTINGS: readonly Hosting[] = [
  { name: 'sdk in sessions, 2025', line: sdk, era: 'legacy', sessions: true, host: inSessions(V1Transport as never) },
  { name: 'sdk without sessions, 2025', line: sdk, era: 'legacy', sessions: false, host: stateless(V1Transport as never) },
  { name: 'server in sessions, 2025', line: server, era: 'legacy', sessions: true, host: inSessions(V2Transport as never) },
  { name: 'server by its entry, 2025', line: server, era: 'legacy', sessions: false, host: byEntry(createMcpHandler) },
  { name: 'server by its entry, 2026', line: server, era: 'modern', sessions: false, host: byEntry(createMcpHandler) },
  { name: 'sdk-floor in sessions, 2025', line: sdkFloor, era: 'legacy', sessions: true, host: inSessions(V1FloorTransport as never) },
  { name: 'server-floor in sessions, 2025', line: serverFloor, era: 'legacy', sessions: true, host: inSessions(V2FloorTransport as never) },
  { name: 'server-floor by its entry, 2026', line: serverFloor, era: 'modern', sessions: false, host: byEntry(createFloorHandler as never) },
]

export type AnyClient = Pick<Client, 'callTool' | 'listTools' | 'listResources' | 'listResourceTemplates' | 'listPrompts' | 'readResource' | 'getPrompt' | 'complete' | 'close' | 'request' | 'setNotificationHandler'>

const over = (fetch: Fetch, token: string | undefined) => ({ fetch: async (url: string | URL, init?: RequestInit) => fetch(new Request(url, init)), requestInit: { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } } })

/** An official client of the era, of either line. */
export async function clientOf({ era, line }: Hosting, fetch: Fetch, token: string | undefined, capabilities: object = {}, prepare: (client: AnyClient) => void = () => undefined): Promise<AnyClient> {
  if (era === 'legacy' && line.name.startsWith('sdk')) {
    const client = new FirstClient({ name: 'test', version: '1' }, { capabilities })
    prepare(client as never)
    await client.connect(new FirstTransport(new URL(`${ORIGIN}/mcp`), over(fetch, token) as never) as never)
    return client as never
  }
  const client = new Client({ name: 'test', version: '1' }, { capabilities, versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' } })
  prepare(client)
  await client.connect(new StreamableHTTPClientTransport(new URL(`${ORIGIN}/mcp`), over(fetch, token) as never))
  return client
}

/** One raw message: status, and the bytes of the answer, without the id of the decision. */
export async function raw({ era }: Hosting, fetch: Fetch, token: string | undefined, method: string, params: Record<string, unknown> = {}, session?: string): Promise<{ readonly status: number; readonly text: string; readonly session: string | null }> {
  const modern = era === 'modern'
  const name = params['name'] ?? params['uri']
  const response = await fetch(new Request(`${ORIGIN}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...(session === undefined ? {} : { 'mcp-session-id': session }),
      ...(modern ? { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...(typeof name === 'string' ? { 'mcp-name': name } : {}) } : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: modern ? { ...params, _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' } } } : params }),
  }))
  return { status: response.status, session: response.headers.get('mcp-session-id'), text: (await response.text()).replaceAll(/dec_[\w-]+/g, 'dec').replaceAll(/^id: .*$/gm, '') }
}

/** A session for a raw client; undefined where there are none. */
export async function begin(hosting: Hosting, fetch: Fetch, token: string | undefined): Promise<string | undefined> {
  if (!hosting.sessions) return undefined
  const { session } = await raw(hosting, fetch, token, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } })
  return session ?? undefined
}
