import type { JsonSchema, ListedTool, ToolList } from '@portcullis/core'

/** A tool as `tools/list` shows it. The annotations follow from the risk class that the chain decides by, so they are no mere hints here. */
export interface WireTool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly inputSchema: JsonSchema
  readonly outputSchema?: JsonSchema
  readonly annotations: { readonly readOnlyHint: boolean; readonly destructiveHint: boolean; readonly openWorldHint: true }
  readonly _meta: { readonly 'dev.portcullis/tool': { readonly needsApproval: boolean; readonly cure?: string } }
}

export interface WireToolList {
  readonly tools: readonly WireTool[]
  readonly _meta: { readonly 'dev.portcullis/calls': number }
}

/** In the order of the names, whatever order the control plane gave. */
export const showTools = ({ tools, calls }: ToolList): WireToolList => ({
  tools: tools.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(showTool),
  _meta: { 'dev.portcullis/calls': calls },
})

const showTool = ({ name, title, description, risk, inputSchema, outputSchema, definition, needsApproval, cure }: ListedTool): WireTool => ({
  ...(definition === undefined ? { name, title, description, inputSchema: bodyOnly(inputSchema), outputSchema } : (bodyOnly(definition) as unknown as Pick<WireTool, 'name' | 'title' | 'description' | 'inputSchema'>)),
  annotations: { readOnlyHint: risk === 'read', destructiveHint: risk === 'destructive', openWorldHint: true },
  _meta: { 'dev.portcullis/tool': { needsApproval, ...(cure === undefined ? {} : { cure }) } },
})

const shown = new WeakMap<JsonSchema, JsonSchema>()

/** Schemas are built once, at definition, so this is done once for each. */
function bodyOnly(schema: JsonSchema): JsonSchema {
  const known = shown.get(schema) ?? (JSON.parse(JSON.stringify(schema), withoutHeader) as JsonSchema)
  shown.set(schema, known)
  return known
}

/** Arguments travel in the body alone: nobody is asked to repeat one in an `Mcp-Param-*` header, where proxies would log it. */
const withoutHeader = (keyword: string, value: unknown): unknown => (keyword === 'x-mcp-header' && typeof value === 'string' ? undefined : value)
