import { createServer } from '@modelcontextprotocol/server-everything/dist/server/index.js'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'

/** The official server that has everything, as it is. */
export function makeEverything(): McpServer {
  const { server, cleanup } = createServer()
  server.server.onclose = () => cleanup()
  return server
}
