import { Fault, type ListedTool, type Portcullis, type Request as Asked, type TargetKind, type ToolList } from '@portcullis/core'
import { isPlainObject } from '../message.ts'
import { showList } from '../target-list.ts'

type Definition = Readonly<Record<string, unknown>>

/** By target: the member of the list that the server answers, and what names an entry. */
const LISTED = { tool: ['tools', 'name'], resource: ['resources', 'uri'], template: ['resourceTemplates', 'uriTemplate'], prompt: ['prompts', 'name'] } as const
type Listable = keyof typeof LISTED

/** Pages that are asked for to make one list of them. */
const MOST_PAGES = 100
const OURS = 'dev.portcullis/'

export const isListable = (target: TargetKind): target is Listable => target in LISTED

/** Asks the server for one page of its own list. */
export type AskPage = (cursor: string | undefined) => Promise<unknown>

/**
 * The server's own list, of what the chain lists for this caller: each entry as the server writes it, but for the annotations, which
 * follow from the class that is decided by. Entries that nobody classified are not in it.
 */
export async function filteredList(portcullis: Portcullis, asked: Asked, target: Listable, visible: ToolList, askPage: AskPage): Promise<Definition> {
  const [member, key] = LISTED[target]
  const full = (name: unknown): string => (target === 'tool' ? String(name) : `${target}:${String(name)}`)
  const own = new Map((await allPages(member, askPage)).map((definition) => [full(definition[key]), definition]))
  const byName = new Map(visible.tools.map((tool) => [tool.name, tool]))
  const any = target === 'tool' ? undefined : byName.get(full('*'))
  const made = target === 'resource' ? visible.tools[0] ?? TEMPLATED : undefined

  const tools: ListedTool[] = visible.tools.filter(({ definition }) => definition === undefined) // of connectors, complete as they are
  for (const [name, definition] of own) {
    const listed = byName.get(name) ?? any ?? (made !== undefined && (await portcullis.watches(asked, 'resource', String(definition[key]))) ? made : undefined)
    if (listed !== undefined) tools.push({ ...listed, name, definition })
  }
  const shown = showList(target, { ...visible, tools })
  const entries = shown[member]
  return Array.isArray(entries) ? { ...shown, [member]: entries.map((entry: Definition) => withMeta(entry, own.get(full(entry[key])))) } : shown
}

/** A resource that is read by a template: listed by the server, and classified by its form alone. */
const TEMPLATED: ListedTool = { name: '', title: '', description: '', risk: 'read', inputSchema: {}, outputSchema: {}, needsApproval: false }

/** What the server says beside a definition stays, but for what would be said in our name. */
function withMeta(entry: Definition, definition: Definition | undefined): Definition {
  const theirs = isPlainObject(definition?.['_meta']) ? Object.entries(definition['_meta']).filter(([name]) => !name.startsWith(OURS)) : []
  const ours = isPlainObject(entry['_meta']) ? Object.entries(entry['_meta']).filter(([name]) => name.startsWith(OURS)) : []
  return theirs.length + ours.length === 0 ? entry : { ...entry, _meta: Object.fromEntries([...theirs, ...ours]) }
}

/** @throws Fault `server_list_endless` unless the first pages will do */
export async function allPages(member: string, askPage: AskPage, firstWillDo = false): Promise<readonly Definition[]> {
  const entries: Definition[] = []
  let cursor: string | undefined
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = JSON.parse(JSON.stringify((await askPage(cursor)) ?? {})) as unknown
    if (!isPlainObject(answer)) return entries
    const { [member]: listed, nextCursor } = answer
    if (Array.isArray(listed)) entries.push(...listed.filter(isPlainObject))
    if (typeof nextCursor !== 'string') return entries
    cursor = nextCursor
  }
  if (firstWillDo) return entries
  throw new Fault('server_list_endless', `The server's own list of ${member} has more than ${MOST_PAGES} pages.`)
}
