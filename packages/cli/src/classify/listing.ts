import { Fault } from '@portcullis/core'

/** What a server says of one tool. Hints are what it claims, as it wrote them. */
export interface ListedTool {
  readonly name: string
  readonly title: string | undefined
  readonly description: string | undefined
  readonly readOnly: unknown
  readonly destructive: unknown
}

/** Everything that a server lists, by name, prompt name, URI and URI template. */
export interface Listing {
  readonly server: string | undefined
  readonly tools: readonly ListedTool[]
  readonly prompts: readonly string[]
  readonly resources: readonly string[]
  readonly templates: readonly string[]
  /** Prompts that take arguments. */
  readonly argued: readonly string[]
  /** What it declares that it can do beside answering calls and reads. */
  readonly completes: boolean
  readonly subscribes: boolean
}

const unusable = (problem: string): Fault => new Fault('listing_unusable', `${problem}: give the whole result of tools/list as JSON, or ask the server itself with --url or --command.`)

const record = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/**
 * Reads `{ tools, prompts?, resources?, resourceTemplates?, capabilities? }`, or a JSON-RPC answer that has it as `result`.
 * @throws Fault `listing_unusable`: another shape, an entry without a name, or one page of several
 */
export function readListing(value: unknown, server?: string): Listing {
  const outer = record(value)
  const listing = record(outer?.['result']) ?? outer
  if (listing === undefined || !Array.isArray(listing['tools'])) throw unusable('There is no list of tools in it')
  if (listing['nextCursor'] !== undefined) throw unusable('It is one page of several (it has a nextCursor)')
  const named = (member: string, key: string): [string, Readonly<Record<string, unknown>>][] => {
    const entries: unknown = listing[member] ?? []
    if (!Array.isArray(entries)) throw unusable(`Its ${member} are no list`)
    return entries.map((entry: unknown, place) => {
      const known = record(entry)
      const name = text(known?.[key])
      if (known === undefined || name === undefined) throw unusable(`Entry ${place} of its ${member} has no ${key}`)
      return [name, known]
    })
  }
  const names = (member: string, key: string): string[] => named(member, key).map(([name]) => name)
  const { completions, resources } = record(listing['capabilities']) ?? {}
  return {
    server,
    tools: named('tools', 'name').map(([name, tool]) => {
      const hints = record(tool['annotations']) ?? {}
      return {
        name, title: text(tool['title']) ?? text(hints['title']), description: text(tool['description']),
        readOnly: hints['readOnlyHint'], destructive: hints['destructiveHint'],
      }
    }),
    prompts: names('prompts', 'name'),
    resources: names('resources', 'uri'),
    templates: names('resourceTemplates', 'uriTemplate'),
    argued: named('prompts', 'name').filter(([, prompt]) => Array.isArray(prompt['arguments']) && prompt['arguments'].length > 0).map(([name]) => name),
    completes: record(completions) !== undefined,
    subscribes: record(resources)?.['subscribe'] === true,
  }
}

/** What one server lists in two conversations. Of what is in both, the first is believed; names that one of them has twice stay there twice. */
export function together(first: Listing, second: Listing): Listing {
  const known = new Set(first.tools.map(({ name }) => name))
  return {
    server: first.server,
    tools: [...first.tools, ...second.tools.filter(({ name }) => !known.has(name))],
    prompts: [...first.prompts, ...second.prompts],
    resources: [...first.resources, ...second.resources],
    templates: [...first.templates, ...second.templates],
    argued: [...first.argued, ...second.argued],
    completes: first.completes || second.completes,
    subscribes: first.subscribes || second.subscribes,
  }
}
