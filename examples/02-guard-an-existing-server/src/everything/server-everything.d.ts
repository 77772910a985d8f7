/** It comes without types. Its dist/docs/startup.md describes this factory; its package.json promises no module, so the version is pinned. */
declare module '@modelcontextprotocol/server-everything/dist/server/index.js' {
  import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'

  export const createServer: () => { readonly server: McpServer; readonly cleanup: (sessionId?: string) => void }
}
