/**
 * Hosts Portcullis on `@modelcontextprotocol/sdk` 1.26 and later, for clients of 2025.
 * @packageDocumentation
 */
export type { McpHostOptions } from '../host-options.ts'
export { mcpHost } from './host.ts'
export { serveStdio } from './stdio.ts'
export type { StdioOptions, StdioServed } from '../stdio/serve-stdio.ts'
