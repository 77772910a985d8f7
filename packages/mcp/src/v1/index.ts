/**
 * Hosts Portcullis on `@modelcontextprotocol/sdk` 1.26 and later, for clients of 2025.
 * @packageDocumentation
 */
export type { McpHostOptions } from '../host-options.ts'
export { mcpHost } from './host.ts'
