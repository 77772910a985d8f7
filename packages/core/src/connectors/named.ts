import { anatomy, isNothing, members, selector, some, type Schema } from './anatomy.ts'
import type { CustomerKey } from './connector.ts'
import { definitionFault } from './definition.ts'
import { markOf } from './marks.ts'

interface NamedRecord {
  record: string
  id: CustomerKey
}

type Visit = (value: unknown, add: (record: string, id: CustomerKey) => void) => void
type Compile = (schema: Schema, path: string) => Visit

/** Whether an input names a record through `tool.idOf`. */
export const namesRecords = (schema: Schema): boolean => some(schema, (part) => markOf(part)?.kind === 'record')

const nothing: Visit = () => {}

function visitMembers(schema: Schema, path: string, compile: Compile): Visit {
  const named = [...members(schema, path)]
    .filter(([, member]) => namesRecords(member))
    .map(([name, member]) => [name, compile(member, `${path}.${name}`)] as const)
  return (value, add) => {
    if (typeof value !== 'object' || value === null) return
    for (const [name, visit] of named) if (Object.hasOwn(value, name)) visit((value as Record<string, unknown>)[name], add)
  }
}

function visitUnion(schema: Schema, path: string, compile: Compile): Visit {
  const { discriminator, options = [] } = anatomy(schema)
  const select = selector(schema, path)
  const visits = options.map((option, index) => (namesRecords(option) ? compile(option, `${path}|${index}`) : nothing))
  if (select && discriminator !== undefined) {
    return (value, add) => {
      if (typeof value !== 'object' || value === null) return
      const index = select.get(Object.hasOwn(value, discriminator) ? (value as Record<string, unknown>)[discriminator] : undefined)
      // A discriminator that was transformed selects nothing: then every option is asked, one id too many is no danger.
      for (const visit of index === undefined ? visits : [visits[index] ?? nothing]) visit(value, add)
    }
  }
  if (options.filter((option) => !isNothing(option)).length > 1) {
    throw definitionFault(`${path}: a record named in a union needs z.discriminatedUnion, so that it is known which record it is.`)
  }
  return (value, add) => visits.forEach((visit) => visit(value, add))
}

function visitPipe(schema: Schema, path: string, compile: Compile): Visit {
  const { in: input, out } = anatomy(schema) as { in: Schema; out: Schema }
  if (!namesRecords(out)) throw definitionFault(`${path}: an id from tool.idOf must reach run as it is: remove the transform.`)
  if (namesRecords(input)) throw definitionFault(`${path}: an id from tool.idOf is on both sides of a pipe: keep it on the outer side only.`)
  return compile(out, path)
}

function compileType(schema: Schema, path: string, compile: Compile): Visit {
  const def = anatomy(schema)
  switch (def.type) {
    case 'object':
    case 'intersection':
      if (def.catchall && namesRecords(def.catchall)) break
      return visitMembers(schema, path, compile)
    case 'array': {
      const visit = compile(def.element as Schema, `${path}[]`)
      return (value, add) => Array.isArray(value) && value.forEach((entry) => visit(entry, add))
    }
    case 'tuple': {
      if (def.rest && namesRecords(def.rest)) break
      const visits = (def.items ?? []).map((item, index) => (namesRecords(item) ? compile(item, `${path}[${index}]`) : nothing))
      return (value, add) => Array.isArray(value) && visits.forEach((visit, index) => visit(value[index], add))
    }
    case 'record': {
      if (namesRecords(def.keyType as Schema)) break
      const visit = compile(def.valueType as Schema, `${path}{}`)
      return (value, add) => typeof value === 'object' && value !== null && Object.values(value).forEach((entry) => visit(entry, add))
    }
    case 'union': return visitUnion(schema, path, compile)
    case 'pipe': return visitPipe(schema, path, compile)
  }
  if (def.innerType) return compile(def.innerType, path)
  throw definitionFault(`${path}: an id from tool.idOf inside ${def.type} cannot be found again: make it a member of an object or an entry of a list.`)
}

/**
 * Compiles an input schema into the function that lists the records a *parsed* input names through `tool.idOf`, each once, in the order
 * of the schema. Ids are compared by type and value.
 * @throws Fault `connector_invalid` where an id is transformed or its place is ambiguous.
 */
export function compileNamed(input: Schema): (parsed: unknown) => readonly NamedRecord[] {
  if (!namesRecords(input)) return () => []
  const made = new Map<Schema, Visit>()
  const compile: Compile = (schema, path) => {
    const known = made.get(schema)
    if (known) return known
    const mark = markOf(schema)
    made.set(schema, (value, add) => (made.get(schema) as Visit)(value, add))
    const visit: Visit =
      mark?.kind === 'record'
        ? (value, add) => (typeof value === 'string' || typeof value === 'number') && add(mark.record, value)
        : compileType(schema, path, compile)
    made.set(schema, visit)
    return visit
  }
  const visit = compile(input, '$')
  return (parsed) => {
    const found = new Map<string, NamedRecord>()
    visit(parsed, (record, id) => found.set(`${record} ${typeof id} ${id}`, { record, id }))
    return [...found.values()]
  }
}
