import { z } from 'zod'
import { anatomy, members, type Schema } from './anatomy.ts'
import type { JsonSchema } from './connector.ts'
import { definitionFault } from './definition.ts'
import { isKey } from './marks.ts'

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const inner of Object.values(value)) freeze(inner)
  Object.freeze(value)
}

/** A `$ref` that leaves the document would make every client fetch what somebody else controls. */
function refuseRemote(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) return
  for (const [keyword, inner] of Object.entries(value)) {
    if (['$ref', '$dynamicRef'].includes(keyword) && typeof inner === 'string' && !inner.startsWith('#')) {
      throw definitionFault(`${path}: a $ref must stay inside the schema: remove it from .meta().`)
    }
    refuseRemote(inner, path)
  }
}

/** Deletes what the caller may not send, at every depth, and closes the object. */
function closeInput(schema: Schema, json: z.core.JSONSchema.BaseSchema, path: string): void {
  const def = anatomy(schema)
  if (def.type !== 'object') return
  const hidden = [...members(schema, path)].filter(([, member]) => isKey(member)).map(([name]) => name)
  for (const name of hidden) delete json.properties?.[name]
  const required = json.required?.filter((name) => !hidden.includes(name)) ?? []
  if (required.length > 0) json.required = required
  else delete json.required
  if (def.catchall === undefined) json.additionalProperties = false
}

/**
 * The JSON Schema (2020-12, without `$schema`) that clients see. In an input, fields marked as customer keys do not appear and objects
 * are closed; in an output, marks leave no trace. Frozen.
 * @throws Fault `connector_invalid` when zod cannot express the schema, or a `$ref` points outside.
 */
export function advertise(schema: z.ZodType, io: 'input' | 'output', path: string): JsonSchema {
  let json: Record<string, unknown>
  try {
    const override: z.core.ToJSONSchemaParams['override'] = io === 'input' ? ({ zodSchema, jsonSchema }) => closeInput(zodSchema, jsonSchema, path) : undefined
    const made = z.toJSONSchema(schema, { io, unrepresentable: 'any', ...(override && { override }) })
    json = JSON.parse(JSON.stringify(made)) as Record<string, unknown>
  } catch (error) {
    throw definitionFault(`${path} cannot be written as a JSON Schema.`, error)
  }
  delete json.$schema
  refuseRemote(json, path)
  freeze(json)
  return json
}
