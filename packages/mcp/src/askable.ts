import type { AskKind, AskRequest } from '@portcullis/core'
import { isPlainObject } from './message.ts'

/** What a client declares that it can be asked: an empty `elicitation` means forms (2025-11-25). */
export function askableOf(capabilities: unknown): readonly AskKind[] {
  if (!isPlainObject(capabilities)) return []
  const { elicitation, sampling, roots } = capabilities
  const kinds: AskKind[] = []
  if (isPlainObject(elicitation) && (elicitation['form'] !== undefined || elicitation['url'] === undefined)) kinds.push('elicitation')
  if (isPlainObject(elicitation) && elicitation['url'] !== undefined) kinds.push('elicitation_url')
  if (isPlainObject(sampling)) kinds.push('sampling')
  if (isPlainObject(roots)) kinds.push('roots')
  return kinds
}

const CAPABILITY: { readonly [K in AskKind]: object } = { elicitation: { elicitation: { form: {} } }, elicitation_url: { elicitation: { url: {} } }, sampling: { sampling: {} }, roots: { roots: {} } }

const kindOf = ({ method, params }: AskRequest): AskKind => {
  if (method === 'sampling/createMessage') return 'sampling'
  if (method === 'roots/list') return 'roots'
  return params?.['mode'] === 'url' ? 'elicitation_url' : 'elicitation'
}

/** The capabilities that a client would have to declare before it may be asked this; undefined when it has. */
export function lacking(requests: Readonly<Record<string, AskRequest>>, askable: readonly AskKind[]): object | undefined {
  const missing = Object.values(requests).map(kindOf).filter((kind) => !askable.includes(kind))
  return missing.length === 0 ? undefined : Object.assign({}, ...missing.map((kind) => CAPABILITY[kind]))
}

/** What MCP itself has names for. Extensions and experiments are named by whoever made them. */
const OF_THE_PROTOCOL: ReadonlyMap<string, readonly string[]> = new Map([['elicitation', ['form', 'url']], ['sampling', ['context', 'tools']], ['roots', []]])

/** Of the capabilities that a server says it needs, the protocol's own and nothing beside their names; undefined when there are none. */
export function protocolCapabilities(required: unknown): object | undefined {
  if (!isPlainObject(required)) return undefined
  const known = Object.entries(required).flatMap(([name, wants]) => {
    const members = OF_THE_PROTOCOL.get(name)
    return members === undefined || !isPlainObject(wants) ? [] : [[name, Object.fromEntries(members.filter((member) => isPlainObject(wants[member])).map((member) => [member, {}]))] as const]
  })
  return known.length === 0 ? undefined : Object.fromEntries(known)
}
