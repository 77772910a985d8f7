/**
 * Hosts Portcullis on `@modelcontextprotocol/server` 2.x, for clients of 2026-07-28 and of 2025.
 * @packageDocumentation
 */
export { mcpHost, type McpHostOptions } from './host.ts'
