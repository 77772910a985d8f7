/**
 * Hosts Portcullis on `@modelcontextprotocol/server` 2.x, for clients of 2026-07-28 and of 2025.
 * @packageDocumentation
 */
export type { McpHostOptions } from '../host-options.ts'
export { mcpHost } from './host.ts'
export { serveStdio } from './stdio.ts'
export type { StdioOptions, StdioServed } from '../stdio/serve-stdio.ts'
