import type { ListedTool, Listing } from './listing.ts'

type Kind = 'tool' | 'prompt' | 'resource' | 'template' | 'completion'
type Risk = 'read' | 'write' | 'destructive'

/** `from`: the hints behind it. `confirm`: why a person must not take it as it is. */
interface ProposedTool {
  readonly name: string
  readonly risk: Risk
  readonly from: string
  readonly confirm: string | null
  readonly title: string | null
  readonly description: string | null
}

export interface Proposal {
  readonly server: string | null
  readonly tools: readonly ProposedTool[]
  readonly prompts: readonly string[]
  readonly resources: readonly string[]
  readonly templates: readonly string[]
  /** Of what is proposed and takes something, where the server says that it completes. */
  readonly completions: readonly string[]
  /** The proposed resources, where the server says that they may be watched. */
  readonly subscriptions: readonly string[]
  /** What `ownServer` does not take by name, and why. */
  readonly leftOut: readonly { readonly kind: Kind; readonly name: string; readonly why: string }[]
}

const NAME = /^[!#-[\]-~]{1,200}$/
const OTHER_KIND = /^(?:resource|template|prompt|completion|subscription|task):/
/** One segment of a template: text without braces, around one variable at the most. */
const SEGMENT = /^[^{}]*(?:\{[A-Za-z0-9_]+\}[^{}]*)?$/

/** Why `ownServer` would refuse that name, or undefined. */
function refused(kind: Kind, name: string): string | undefined {
  if (!NAME.test(name)) return 'a name is 1 to 200 visible ASCII characters without double quote or backslash'
  if (name === '*') return 'it stands for every name'
  if (kind === 'tool' && OTHER_KIND.test(name)) return 'it is named like another kind'
  if (kind === 'template' && !name.split('/').every((segment) => SEGMENT.test(segment))) return "it is more than one {name} in a segment of a path; templates: '*' lets every URI be read"
  return undefined
}

const byCode = (one: string, other: string): number => (one < other ? -1 : Number(one > other))

/**
 * Proposes a risk for each tool from its hints (MCP: readOnlyHint defaults to false, destructiveHint to true, and matters only when the
 * tool is not read-only). Hints that contradict each other count as absent, and what is absent is taken for the worst.
 */
export function propose(listing: Listing): Proposal {
  const tools = Map.groupBy(listing.tools, ({ name }) => name)
  const leftOut: Proposal['leftOut'][number][] = []
  const taken = (kind: Kind, names: readonly string[]): string[] =>
    [...new Set(names)].toSorted(byCode).filter((name) => {
      const why = refused(kind, name)
      if (why !== undefined) leftOut.push({ kind, name, why })
      return why === undefined
    })
  const proposed = taken('tool', [...tools.keys()]).map((name) => proposeTool(name, tools.get(name) ?? []))
  const [prompts, resources, templates] = [taken('prompt', listing.prompts), taken('resource', listing.resources), taken('template', listing.templates)]
  const completed = [...prompts.filter((name) => listing.argued.includes(name)).map((name) => `prompt:${name}`), ...templates.filter((name) => name.includes('{')).map((name) => `template:${name}`)]
  return {
    server: listing.server ?? null,
    tools: proposed, prompts, resources, templates,
    completions: listing.completes ? taken('completion', completed) : [],
    subscriptions: listing.subscribes ? resources : [],
    leftOut,
  }
}

function proposeTool(name: string, listed: readonly ListedTool[]): ProposedTool {
  const [tool, ...more] = listed
  const words = { name, title: tool?.title ?? null, description: tool?.description ?? null }
  if (tool === undefined || more.length > 0) return { ...words, risk: 'destructive', from: 'nothing', confirm: `listed ${listed.length} times` }
  const { readOnly, destructive } = tool
  const given = Object.entries({ readOnlyHint: readOnly, destructiveHint: destructive }).filter(([, hint]) => hint !== undefined)
  const from = given.map(([hint, value]) => `${hint}: ${typeof value === 'boolean' ? value : 'no boolean'}`).join(', ') || 'nothing'
  const as = (risk: Risk, confirm: string | null = null): ProposedTool => ({ ...words, risk, from, confirm })
  if (given.some(([, hint]) => typeof hint !== 'boolean')) return as('destructive', 'a hint is neither true nor false')
  if (readOnly === true) return destructive === true ? as('destructive', 'the hints contradict each other') : as('read')
  if (destructive === false) return as('write')
  if (destructive === true) return as('destructive')
  return as('destructive', readOnly === undefined ? 'no hints' : 'no destructiveHint')
}
