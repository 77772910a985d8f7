import { mcpHost as onV1 } from '@portcullis/mcp/v1'
import { mcpHost as onV2 } from '@portcullis/mcp/v2'

/** The host on either SDK line. What holds for clients of 2025 is tried on both. */
export const LINES = [
  { line: 'v2', mcpHost: onV2 },
  { line: 'v1', mcpHost: onV1 },
] as const
export type MakeHost = (typeof LINES)[number]['mcpHost']
