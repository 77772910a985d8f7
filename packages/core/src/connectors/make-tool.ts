import type { z } from 'zod'
import { advertise } from './advertise.ts'
import { anatomy, members, some, type Schema } from './anatomy.ts'
import type { Risk, Tool, ToolScope } from './connector.ts'
import { definitionFault } from './definition.ts'
import { compileFill } from './fill.ts'
import { lintSchema } from './lint.ts'
import { isKey, keyTypes, markOf } from './marks.ts'
import { compileNamed, namesRecords } from './named.ts'
import { compileNarrower } from './narrow.ts'
import { toolHash } from './tool-hash.ts'
import type { ErasedSpec } from './tool-spec.ts'

const NAME = /^[a-z][a-z0-9_]{0,63}$/
const RISKS: readonly Risk[] = ['read', 'write', 'destructive']
const SCOPES: readonly ToolScope[] = ['customer', 'either', 'tenant']

/** A tool that knows no customer must never answer a request of one. */
const refuseAll: Tool['narrow'] = () => ({ ok: false, reason: 'foreign' })

function checkRoot(schema: unknown, at: string): asserts schema is z.ZodObject {
  const def = typeof schema === 'object' && schema !== null && '_zod' in schema ? anatomy(schema as Schema) : undefined
  if (def?.type !== 'object') throw definitionFault(`${at} must be a z.object, without a transform around it.`)
}

/** A key that can never equal the customer's would silently take every record away. */
function checkKeys(schema: Schema, customer: ReadonlySet<string>, at: string): void {
  const strange = (part: Schema): boolean => markOf(part)?.kind === 'key' && [...keyTypes(part)].every((type) => !customer.has(type))
  if (!some(schema, strange)) return
  const types = [...customer].join(' or ')
  throw definitionFault(`${at}: a customer key has another type than the connector's customer (${types}): keys are compared by type and value.`)
}

/** In a whole-tenant request there is no key to fill in. */
function checkOptionalKeys(input: Schema, at: string): void {
  some(input, (part) => {
    if (anatomy(part).type !== 'object') return false
    const required = [...members(part, at)].find(([, member]) => isKey(member) && member._zod.optin === undefined)
    if (required) {
      throw definitionFault(`${at}: the customer key ${required[0]} must be optional in a tool of scope either: a whole-tenant call has none.`)
    }
    return false
  })
}

function checkMarks(name: string, spec: ErasedSpec, scope: ToolScope, customer: ReadonlySet<string>): void {
  const at = `${name}.input`
  const keyed = some(spec.input, isKey)
  checkKeys(spec.input, customer, at)
  if (scope === 'tenant') {
    if (keyed) throw definitionFault(`${at}: a tool of scope tenant has no customer whose key could be filled in: remove customerKey(…) or change the scope.`)
    return
  }
  checkKeys(spec.output, customer, `${name}.output`)
  if (scope === 'either') checkOptionalKeys(spec.input, at)
  if (spec.risk !== 'read' && !keyed && !namesRecords(spec.input)) {
    const fix = "write tool.idOf('…') for the ids it takes, or customerKey(…) for the field that says whose record it makes"
    throw definitionFault(`${at}: a ${spec.risk} tool for customers must say which records it touches: ${fix}.`)
  }
}

/** Runs a step of compilation so that its sentence says which schema it is about. */
function inside<T>(at: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof Error && error.name === 'Fault' ? definitionFault(`${at}: ${error.message}`, error) : error
  }
}

/**
 * Checks a tool and compiles everything that a call of it needs, once.
 * @throws Fault `connector_invalid`, with one sentence that names the tool, the path and the fix.
 */
export function makeTool(name: string, spec: ErasedSpec, customer: ReadonlySet<string>): Tool {
  if (!NAME.test(name)) throw definitionFault(`The tool name ${JSON.stringify(name)} must be a lower-case letter and at most 63 of a-z, 0-9 or _.`)
  const { title, description, risk, scope = 'customer', sensitive = false, clear = [], input, output } = spec
  if (typeof title !== 'string' || title === '' || typeof description !== 'string') throw definitionFault(`${name} needs a title and a description.`)
  if (!RISKS.includes(risk)) throw definitionFault(`${name}.risk must be read, write or destructive.`)
  if (!SCOPES.includes(scope)) throw definitionFault(`${name}.scope must be customer, either or tenant.`)
  if (typeof spec.run !== 'function') throw definitionFault(`${name}.run must be a function.`)
  checkRoot(input, `${name}.input`)
  checkRoot(output, `${name}.output`)
  const stranger = clear.find((field) => !members(input, '$').has(field))
  if (stranger !== undefined) throw definitionFault(`${name}.clear: ${stranger} is not a field of the input.`)
  lintSchema(input, 'input', `${name}.input`)
  lintSchema(output, 'output', `${name}.output`)
  checkMarks(name, spec, scope, customer)
  const advertised = Object.freeze({ input: advertise(input, 'input', `${name}.input`), output: advertise(output, 'output', `${name}.output`) })
  const facts = { name, title, description, risk, scope, sensitive, advertised }
  return Object.freeze({
    ...facts,
    input,
    output,
    hash: toolHash(facts),
    clear: Object.freeze([...clear]),
    run: spec.run as Tool['run'],
    fill: inside(`${name}.input`, () => compileFill(input)),
    recordsNamed: inside(`${name}.input`, () => compileNamed(input)),
    narrow: scope === 'tenant' ? refuseAll : inside(`${name}.output`, () => compileNarrower(output)),
  })
}
