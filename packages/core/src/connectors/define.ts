import { z } from 'zod'
import { Fault } from '../fault.ts'
import { anatomy, some, type Schema } from './anatomy.ts'
import type { Authorize, AuthorizeWith, Connector, CustomerKey, RecordType, Tool } from './connector.ts'
import { definitionFault } from './definition.ts'
import { lintSchema } from './lint.ts'
import { makeTool } from './make-tool.ts'
import { keyTypes, markOf, recordId } from './marks.ts'
import { ToolDraft, type ErasedSpec, type ToolMaker } from './tool-spec.ts'
import type { Vendor } from './vendor.ts'

/** A connector as its author writes it. `Ids` are the id schemas of `records`. */
export interface ConnectorSpec<
  Settings extends z.ZodType,
  Credential extends z.ZodType,
  CustomerSchema extends z.ZodType<CustomerKey>,
  Ids extends Readonly<Record<string, z.ZodType<CustomerKey>>>,
> {
  readonly id: string
  readonly title: string
  readonly category: string
  readonly settings: Settings
  readonly credential: Credential
  /** The vendor's key of a customer: types `customer.key`, and validates the mapping when it is set up. */
  readonly customer: CustomerSchema
  readonly authorize: AuthorizeWith<z.output<Settings>, z.output<Credential>>
  /** Default: `settings.baseUrl`. */
  readonly baseUrl?: ((settings: z.output<Settings>) => string) | undefined
  /** The hosts that calls may reach, with the port if it is not the default one. */
  readonly hosts: (settings: z.output<Settings>) => readonly string[]
  readonly probe?: ((call: { vendor: Vendor; signal: AbortSignal }) => Promise<'healthy' | 'degraded' | 'broken'>) | undefined
  /** What a customer can own at the vendor. `owner` is asked before a write; undefined = nobody, or no such record. */
  readonly records?: {
    readonly [Name in keyof Ids]: {
      readonly id: Ids[Name]
      readonly owner: (call: { id: z.output<Ids[Name]>; vendor: Vendor; signal: AbortSignal }) => Promise<z.output<CustomerSchema> | undefined>
    }
  } | undefined
  readonly tools: (tool: ToolMaker<z.output<CustomerSchema>, Ids>) => Readonly<Record<string, ToolDraft>>
}

const NAME = /^[a-z][a-z0-9_-]{0,63}$/
const RECORD = /^[a-z][a-zA-Z0-9_]{0,63}$/

const fieldsOf = (schema: Schema): readonly string[] => Object.keys(anatomy(schema).shape ?? {})

/** A default that reads a field needs that field; better said at start than at the first call. */
function needFields(id: string, schema: Schema, fields: readonly string[], instead: string): void {
  const missing = fields.find((field) => !fieldsOf(schema).includes(field))
  if (missing !== undefined) throw definitionFault(`${id}: without ${instead} there must be a field ${missing}.`)
}

/** The default base URL. The settings were parsed, so anything but a text there is a broken promise, not a caller's mistake. */
function baseUrlOf(settings: unknown): string {
  const found = typeof settings === 'object' && settings !== null && 'baseUrl' in settings ? settings.baseUrl : undefined
  if (typeof found !== 'string') throw new Fault('connector_settings', 'The settings have no baseUrl.')
  return found
}

function checkAuthorize(id: string, authorize: Authorize, credential: Schema): void {
  if (authorize.type === 'oauth2_client_credentials') {
    if (!authorize.client) needFields(id, credential, ['clientId', 'clientSecret'], 'authorize.client')
  } else if (authorize.type === 'api_key') {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(authorize.header)) throw definitionFault(`${id}: authorize.header is not a header name.`)
    if (!authorize.value) needFields(id, credential, ['apiKey'], 'authorize.value')
  } else throw definitionFault(`${id}: authorize.type must be oauth2_client_credentials or api_key.`)
}

function makeRecords(id: string, records: Readonly<Record<string, RecordType>>): Readonly<Record<string, RecordType>> {
  for (const [name, record] of Object.entries(records)) {
    const quoted = JSON.stringify(name)
    if (!RECORD.test(name)) throw definitionFault(`${id}: the record name ${quoted} must be a letter followed by letters, digits or underscores.`)
    if (typeof record.owner !== 'function') throw definitionFault(`${id}: the record ${name} needs an owner function.`)
  }
  return Object.freeze({ ...records })
}

/** The author's `tool`: collects drafts, and hands out the marked ids of this connector's records. */
function toolMaker(id: string, records: Readonly<Record<string, RecordType>>): ToolMaker<never, Record<string, z.ZodType>> {
  const idOf = (name: string): z.ZodType => {
    const record = Object.hasOwn(records, name) ? records[name] : undefined
    if (!record) throw definitionFault(`${id}: tool.idOf('${name}') names no record of this connector.`)
    return recordId(record.id, name)
  }
  return Object.assign((spec: unknown) => new ToolDraft(spec as ErasedSpec), { idOf }) as ToolMaker<never, Record<string, z.ZodType>>
}

/**
 * Defines a connector: checks it, compiles its narrowers and builds its advertised schemas, once. Everything is inferred from the
 * literal; the result is the plain `Connector`.
 * @throws Fault `connector_invalid`, with one sentence that names the place and the fix.
 */
export function defineConnector<
  Settings extends z.ZodType,
  Credential extends z.ZodType,
  CustomerSchema extends z.ZodType<CustomerKey>,
  Ids extends Readonly<Record<string, z.ZodType<CustomerKey>>> = Record<never, never>,
>(spec: ConnectorSpec<Settings, Credential, CustomerSchema, Ids>): Connector {
  const { id, title, category, settings, credential, customer } = spec
  if (!NAME.test(id)) throw definitionFault(`The connector id ${JSON.stringify(id)} must be a lower-case letter and at most 63 of a-z, 0-9, - or _.`)
  if (!NAME.test(category)) throw definitionFault(`${id}: the category must be a lower-case word.`)
  if (typeof title !== 'string' || title === '') throw definitionFault(`${id} needs a title.`)
  const types = keyTypes(customer)
  const strange = [...types].find((type) => type !== 'string' && type !== 'number')
  if (strange !== undefined) throw definitionFault(`${id}: customer must be a string or a number, not ${strange}.`)
  if (some(customer, (part) => anatomy(part).type === 'pipe')) {
    throw definitionFault(`${id}: customer must not be transformed: keys are compared as the vendor sends them.`)
  }
  lintSchema(customer, 'input', `${id}.customer`)
  lintSchema(settings, 'output', `${id}.settings`)
  lintSchema(credential, 'output', `${id}.credential`)
  const authorize = spec.authorize as Authorize
  checkAuthorize(id, authorize, credential)
  if (!spec.baseUrl) needFields(id, settings, ['baseUrl'], 'baseUrl: (settings) => …')
  const records = makeRecords(id, (spec.records ?? {}) as unknown as Record<string, RecordType>)
  const drafts = spec.tools(toolMaker(id, records) as unknown as ToolMaker<z.output<CustomerSchema>, Ids>)
  const tools = new Map<string, Tool>()
  for (const [name, draft] of Object.entries(drafts)) {
    const read = ToolDraft.read(draft)
    if (!read) throw definitionFault(`${id}: ${name} must be made with tool({ … }).`)
    const unknown = (part: Schema): boolean => {
      const mark = markOf(part)
      return mark?.kind === 'record' && !Object.hasOwn(records, mark.record)
    }
    if (some(read.input, unknown)) {
      throw definitionFault(`${id}: ${name} names a record of another connector: use this connector's own tool.idOf.`)
    }
    tools.set(name, makeTool(name, read, types))
  }
  return Object.freeze({
    id,
    title,
    category,
    settings,
    credential,
    customer,
    authorize: Object.freeze({ ...authorize }),
    baseUrl: (spec.baseUrl ?? baseUrlOf) as Connector['baseUrl'],
    hosts: spec.hosts as Connector['hosts'],
    ...(spec.probe && { probe: spec.probe }),
    records,
    tools,
  })
}
