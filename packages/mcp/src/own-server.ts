import { Fault, selfConnector, type Connector, type Risk, type SelfResource, type SelfTool, type ToolRun } from '@portcullis/core'
import { takeContinuation, type TargetClass } from './protect/continuations.ts'

/** `'*'` is everything of a kind that the server has, now and later. */
export type Names = readonly string[] | '*'

export interface OwnTool {
  readonly risk: Risk
  /** Wants a second factor of the last 15 minutes. */
  readonly sensitive?: boolean
  /** May be called as a task (experimental in 2025-11-25): whoever began it reads and cancels it. */
  readonly tasks?: boolean
}

/** What a server offers, and how dangerous it is. Whatever is not in here does not exist for callers. */
export interface OwnServerTable {
  readonly title?: string
  /** By name. There is no risk for tools that are not named. `'withheld'` leaves one out on purpose: unknown to every caller, and decided for `checkProtected`. */
  readonly tools?: Readonly<Record<string, Risk | 'withheld' | OwnTool>>
  /** URIs. `'*'` is every URI that the server answers, whether it lists it or not. */
  readonly resources?: Names
  /** URI templates with at most one `{name}` in each segment of a path; `'*'` is every URI too. */
  readonly templates?: Names
  readonly prompts?: Names
  /** `prompt:<name>` or `template:<URI template>`. */
  readonly completions?: Names
  /** URIs whose changes may be watched. */
  readonly subscriptions?: Names
}

const EMPTY = { type: 'object' } as const
/** RFC 6570 above level 1: a matcher of ours would not find what the server finds. */
const OPERATOR = /\{[^A-Za-z0-9_}]/

/** The one body that all of it has: the handler of the request that asked. */
const goOn = (classified: TargetClass) => async (call: ToolRun): Promise<unknown> => {
  const continuation = takeContinuation(call.signal)
  if (continuation === undefined) throw new Fault('server_unguarded', 'A target of `ownServer` was called past `protect`: there is no request whose handler could go on.')
  return continuation(call, classified)
}

const run = goOn({ risk: 'read', tasks: false })
const READ: SelfResource = { definition: {}, read: run }

/**
 * The tools, prompts and resources of a server that somebody already wrote, as the connector `self`: list it in `connectors`, entitle it,
 * and give each tenant one instance of it with the alias `''`: names are the server's own. It runs what `protect` holds back until the gates have let it through; the server validates
 * its own arguments. Nothing of a server's own answers can be narrowed, so it serves the reach of a whole tenant and no customer.
 * @throws Fault `connector_invalid` with a sentence that names the entry
 */
export function ownServer(table: OwnServerTable): Connector {
  const tools = Object.entries(table.tools ?? {})
  const withheld = tools.filter(([, tool]) => tool === 'withheld').map(([name]) => name)
  if (withheld.includes('*')) throw new Fault('connector_invalid', 'self: tools are withheld one by one; whatever is not named is unknown already.')
  return selfConnector({
    title: table.title ?? 'This server',
    withheld,
    tools: Object.fromEntries(tools.flatMap(([name, tool]) => (tool === 'withheld' ? [] : [[name, ownTool(name, typeof tool === 'string' ? { risk: tool } : tool)]]))),
    prompts: each(table.prompts, () => ({ definition: {}, input: 'any', run })),
    resources: each(table.resources, () => READ),
    templates: each(table.templates, template),
    completions: each(table.completions, () => run),
    subscriptions: each(table.subscriptions, () => run),
  })
}

function ownTool(name: string, { risk, sensitive = false, tasks = false }: OwnTool): SelfTool {
  const run = goOn({ risk, tasks })
  return { risk, sensitive, description: `The tool ${name} of this server.`, definition: { inputSchema: EMPTY }, input: 'any', run, ...(tasks ? { tasks: run } : {}) }
}

function template(uriTemplate: string): SelfResource {
  if (OPERATOR.test(uriTemplate)) throw new Fault('connector_invalid', `self: ${JSON.stringify(uriTemplate)} is more than {name} in segments of a path: classify templates as '*', if every URI may be read.`)
  return READ
}

function each<T>(names: Names | undefined, make: (name: string) => T): Readonly<Record<string, T>> {
  if (names === '*') return { '*': make('*') }
  if (names?.includes('*') === true) throw new Fault('connector_invalid', "self: write '*' instead of a list that holds it.")
  return Object.fromEntries((names ?? []).map((name) => [name, make(name)]))
}
