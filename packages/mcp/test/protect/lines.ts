import { McpServer as V1McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { Server as V1Server } from '@modelcontextprotocol/sdk/server/index.js'
import * as V1Types from '@modelcontextprotocol/sdk/types.js'
import { McpServer, Server } from '@modelcontextprotocol/server'
import { McpServer as V1FloorMcpServer } from 'sdk-floor/server/mcp.js'
import { Server as V1FloorServer } from 'sdk-floor/server/index.js'
import { McpServer as FloorMcpServer, Server as FloorServer } from 'server-floor'
import type { Handler, ServerLike } from '../../src/protect/sdk.ts'

const INFO = { name: 'existing', version: '1.0.0' }
const TOOLS = { capabilities: { tools: {} } }

/** The same four shapes of server on each line and at each end of its range. */
export interface Line {
  readonly name: string
  readonly McpServer: typeof V1McpServer
  readonly Server: typeof V1Server
  /** Registers a handler at the low level. */
  handle(server: unknown, method: string, handler: Handler): void
}

const SCHEMAS: Readonly<Record<string, unknown>> = {
  'tools/call': V1Types.CallToolRequestSchema, 'tools/list': V1Types.ListToolsRequestSchema, 'resources/read': V1Types.ReadResourceRequestSchema,
  'resources/list': V1Types.ListResourcesRequestSchema, 'resources/subscribe': V1Types.SubscribeRequestSchema,
}
type Any = { setRequestHandler(what: unknown, handler: Handler): void }
const bySchema = (server: unknown, method: string, handler: Handler): void => (server as Any).setRequestHandler(SCHEMAS[method], handler)
const byName = (server: unknown, method: string, handler: Handler): void => (server as Any).setRequestHandler(method, handler)

export const LINES: readonly Line[] = [
  { name: 'sdk', McpServer: V1McpServer, Server: V1Server, handle: bySchema },
  { name: 'sdk-floor', McpServer: V1FloorMcpServer as never, Server: V1FloorServer as never, handle: bySchema },
  { name: 'server', McpServer: McpServer as never, Server: Server as never, handle: byName },
  { name: 'server-floor', McpServer: FloorMcpServer as never, Server: FloorServer as never, handle: byName },
]

/** Shapes in which servers come: what they register, and when. `ran` hears of each tool that runs. */
export function shapes(line: Line, ran: (name: string) => void): Readonly<Record<string, () => { server: ServerLike; late?: () => void }>> {
  const answer: Handler = (request) => {
    ran((request as { params: { name: string } }).params.name)
    return { content: [{ type: 'text', text: 'body' }] }
  }
  const registered = (server: InstanceType<typeof V1McpServer>, name = 'list'): typeof server => {
    server.registerTool(name, { description: 'Lists.' }, async () => { ran(name); return { content: [{ type: 'text', text: 'body' }] } })
    return server
  }
  return {
    lazy: () => ({ server: registered(new line.McpServer(INFO)) }),
    eager: () => ({ server: registered(new line.McpServer(INFO, TOOLS)) }),
    'the low-level server of a high-level one': () => ({ server: registered(new line.McpServer(INFO)).server }),
    'low-level': () => {
      const server = new line.Server(INFO, TOOLS)
      line.handle(server, 'tools/call', answer)
      return { server }
    },
    'registered after connect': () => {
      const server = registered(new line.McpServer(INFO, TOOLS), 'other')
      return { server, late: () => { registered(server) } }
    },
    'replaced after connect': () => {
      const server = new line.Server(INFO, TOOLS)
      line.handle(server, 'tools/call', () => ({ content: [] }))
      return { server, late: () => line.handle(server, 'tools/call', answer) }
    },
    'a fallback handler': () => {
      const server = new line.Server(INFO, TOOLS)
      server.fallbackRequestHandler = answer as never
      return { server }
    },
  }
}

/** One message in, and the first answer to it. */
export class Wire {
  onmessage?: (message: unknown, extra?: unknown) => void
  onclose?: () => void
  readonly sent: Record<string, unknown>[] = []
  readonly sessionId: string | undefined
  #told: () => void = () => undefined
  #id = 0

  constructor(sessionId?: string) {
    this.sessionId = sessionId
  }

  async start(): Promise<void> {}

  async close(): Promise<void> {
    this.onclose?.()
  }

  async send(message: unknown): Promise<void> {
    this.sent.push(message as Record<string, unknown>)
    this.#told()
  }

  async ask(method: string, params: object = {}, extra: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#id
    this.onmessage?.({ jsonrpc: '2.0', id, method, params }, extra)
    for (;;) {
      const answer = this.sent.find((message) => message['id'] === id && !('method' in message))
      if (answer !== undefined) return answer
      await new Promise<void>((resolve) => { this.#told = resolve })
    }
  }
}
