import { z } from 'zod'
import { advertise } from './advertise.ts'
import type { Connector, JsonSchema, Risk, Tool, ToolRun } from './connector.ts'
import { definitionFault } from './definition.ts'
import { ANY_NAME, targetName, type TargetKind } from './own.ts'
import { toolHash } from './tool-hash.ts'
import { uriMatcher } from './uri-template.ts'

type Run = (call: ToolRun) => Promise<unknown>
/** `any`: an object of any form, for those who check it themselves. */
type Input = z.ZodObject | 'any'

/** `definition` is the rest of the listing, as MCP writes it; `inputSchema` stands in for the one made of `input`. */
export interface SelfTool {
  readonly risk: Risk
  readonly description: string
  /** Wants a recent second factor. */
  readonly sensitive?: boolean
  readonly definition?: JsonSchema
  readonly input?: Input
  readonly run: Run
  /** Answers what is asked of its tasks; its input is `{ method, taskId }`. A task that runs is read, whatever the tool may do. */
  readonly tasks?: Run
}

export interface SelfPrompt {
  readonly definition: JsonSchema
  readonly input?: Input
  readonly run: Run
  /** Answers a `completion/complete` result; its input is `{ argument, value }`. */
  readonly complete?: Run
}

/** Resources and templates: `read` gets `{ uri }`. */
export interface SelfResource {
  readonly definition: JsonSchema
  readonly read: Run
  readonly complete?: Run
  /** Its changes may be subscribed to. */
  readonly watched?: boolean
}

export interface SelfSpec {
  readonly title: string
  readonly tools?: Readonly<Record<string, SelfTool>>
  /** Tools that are left out on purpose. */
  readonly withheld?: readonly string[]
  /** `*` among prompts, resources, templates, completions and subscriptions stands for every name that has no target of its own. */
  readonly prompts?: Readonly<Record<string, SelfPrompt>>
  /** By URI. */
  readonly resources?: Readonly<Record<string, SelfResource>>
  /** By URI template; every `{name}` stands for (a part of) one segment of a path, and each segment has at most one. */
  readonly templates?: Readonly<Record<string, SelfResource>>
  /** Beside those of prompts and templates: by `prompt:<name>` or `template:<URI template>`. */
  readonly completions?: Readonly<Record<string, Run>>
  /** Beside those of watched resources, by URI. */
  readonly subscriptions?: Readonly<Record<string, Run>>
}

/** Visible ASCII that needs no quoting in a header or a scope. */
const NAME = /^[!#-[\]-~]{1,200}$/
const NOTHING = z.strictObject({})
const ANYTHING = z.looseObject({})
const formOf = (input: Input): z.ZodObject => (input === 'any' ? ANYTHING : input)
const ARGUMENTS = z.record(z.string(), z.string())
const URI = z.strictObject({ uri: z.string() })
const TASK = z.strictObject({ method: z.enum(['tasks/get', 'tasks/result', 'tasks/cancel']), taskId: z.string() })
const COMPLETED = z.strictObject({ argument: z.string(), value: z.string(), context: ARGUMENTS.optional() })
const request = z.strictObject({ method: z.enum(['elicitation/create', 'sampling/createMessage', 'roots/list']), params: z.looseObject({}).optional() })
const ASK = z.strictObject({ resultType: z.literal('input_required'), inputRequests: z.record(z.string(), request).refine((asked) => Object.keys(asked).length > 0), state: z.unknown().optional() })
/** Any result but a malformed question. Questions are rare: what is tried first costs every answer. */
const RAW = z.union([z.looseObject({ resultType: z.literal('complete').optional() }), ASK])

/**
 * The server's own connector: bare names, MCP results as they are, prompts and resources. There is no vendor, so nothing of it can be
 * narrowed: it serves whole-tenant reach and no customer. Hosts build on it; for a vendor's API there is `defineConnector`.
 * @throws Fault `connector_invalid`
 */
export function selfConnector(spec: SelfSpec): Connector {
  const targets = [
    ...entries(spec.tools, (name, { risk, description, sensitive, definition = {}, input = NOTHING, run, tasks }) => {
      if (name === ANY_NAME) throw definitionFault('self: tools are named one by one: each has a risk of its own.')
      const inputSchema = definition['inputSchema'] ?? advertise(formOf(input), 'input', `${name}.input`)
      const tool = target('tool', name, { risk, description, sensitive, input, run, definition: { ...definition, name, description, inputSchema } })
      return tasks === undefined ? [tool] : [tool, target('task', name, { sensitive, input: TASK, run: tasks, definition: {} })]
    }),
    ...entries(spec.prompts, (name, { definition, input = NOTHING, run, complete }) => [
      target('prompt', name, { input, run, definition: { ...definition, name } }),
      ...completion(`prompt:${name}`, complete),
    ]),
    ...entries(spec.resources, (uri, { definition, read, watched = false }) => [
      target('resource', uri, { input: URI, run: read, definition: { ...definition, uri } }),
      ...(watched ? [target('subscription', uri, { input: NOTHING, run: async () => ({}), definition: {} })] : []),
    ]),
    ...entries(spec.templates, (uriTemplate, { definition, read, complete }) => [
      target('template', uriTemplate, { input: URI, run: read, definition: { ...definition, uriTemplate }, ...(uriTemplate === ANY_NAME ? {} : { matches: uriMatcher(uriTemplate) }) }),
      ...completion(`template:${uriTemplate}`, complete),
    ]),
    ...entries(spec.completions, completion),
    ...entries(spec.subscriptions, (uri, run) => [target('subscription', uri, { input: NOTHING, run, definition: {} })]),
  ]
  const tools = new Map(targets.map((tool) => [tool.name, tool]))
  if (tools.size < targets.length) throw definitionFault('self: two targets have one name; a tool must not be named like another kind, e.g. `prompt:…`.')
  return Object.freeze({
    id: 'self', title: spec.title, category: 'self', settings: NOTHING, credential: NOTHING, customer: z.string(),
    authorize: { type: 'api_key', header: 'x-none' } as const,
    baseUrl: nowhere, hosts: () => [], records: {}, tools, withheld: Object.freeze(Array.from(spec.withheld ?? [])),
  })
}

const nowhere = (): string => {
  throw definitionFault('self: there is no vendor.')
}

const entries = <T>(record: Readonly<Record<string, T>> = {}, make: (name: string, spec: T) => readonly Tool[]): Tool[] => Object.entries(record).flatMap(([name, spec]) => make(name, spec))

const completion = (of: string, complete: Run | undefined): Tool[] => (complete === undefined ? [] : [target('completion', of, { input: COMPLETED, run: complete, definition: {} })])

interface Made {
  readonly risk?: Risk
  readonly description?: string
  readonly sensitive?: boolean | undefined
  readonly input: Input
  readonly run: Run
  readonly definition: JsonSchema
  readonly matches?: (uri: string) => boolean
}

function target(kind: TargetKind, name: string, { risk = 'read', description = '', sensitive = false, input: form, run, definition, matches }: Made): Tool {
  const input = formOf(form)
  if (!NAME.test(name)) throw definitionFault(`self: ${JSON.stringify(name)} is no ${kind} name: at most 200 visible ASCII characters without quotes.`)
  const advertised = { input: advertise(input, 'input', `${name}.input`), output: {} }
  const facts = { name: targetName(kind, name), title: name, description, risk, scope: 'tenant', sensitive } as const
  return Object.freeze({
    ...facts, advertised, input, output: RAW, clear: [], run,
    hash: toolHash({ ...facts, advertised: { ...advertised, output: definition } }),
    fill: (args: unknown) => ({ ok: true, value: args }) as const,
    recordsNamed: () => [],
    narrow: () => ({ ok: false, reason: 'foreign' }) as const,
    own: Object.freeze({ kind, definition, ...(matches === undefined ? {} : { matches }) }),
  })
}
