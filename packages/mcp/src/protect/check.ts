import { Fault, type Portcullis } from '@portcullis/core'
import { handlersOf } from './handler-map.ts'
import { allPages } from './lists.ts'
import { rehearse } from './rehearsal.ts'
import { lowServerOf, type ServerLike } from './sdk.ts'

/** By kind: how it is called here, listed, and named in the list. */
const KINDS = [
  { noun: 'tools', prefix: '', method: 'tools/list', member: 'tools', key: 'name' },
  { noun: 'prompts', prefix: 'prompt:', method: 'prompts/list', member: 'prompts', key: 'name' },
  { noun: 'resources', prefix: 'resource:', method: 'resources/list', member: 'resources', key: 'uri' },
  { noun: 'templates', prefix: 'template:', method: 'resources/templates/list', member: 'resourceTemplates', key: 'uriTemplate' },
] as const
/** What has no list of its own, but a method. */
const METHODS = [
  { noun: 'completions', prefix: 'completion:', method: 'completion/complete' },
  { noun: 'subscriptions', prefix: 'subscription:', method: 'resources/subscribe' },
  { noun: 'tasks', prefix: 'task:', method: 'tasks/get' },
] as const
const PREFIXES = [...KINDS, ...METHODS].map(({ prefix }) => prefix).filter((prefix) => prefix !== '')
const VARIABLE = /\{[A-Za-z0-9_]+\}/

/**
 * For the start of a process: makes one server, proves that the guard holds for it, and compares what it lists after the handshake with what
 * `ownServer` says of it. What a server lists only for some callers is not seen here; unclassified, it is unknown to them all the same.
 * @throws Fault `server_unguarded`, or `server_unclassified` with one sentence that names everything that is missing on either side
 */
export async function checkProtected(portcullis: Portcullis, makeServer: () => ServerLike | Promise<ServerLike>): Promise<void> {
  const server = await makeServer()
  const low = lowServerOf(server)
  const ask = await rehearse(server)
  try {
    const handlers = handlersOf(low)
    const unclassified: string[] = []
    const missing: string[] = []
    for (const { noun, prefix, method, member, key } of KINDS) {
      const has = new Set((await allPages(member, (cursor) => ask(method, cursor))).map((entry) => String(entry[key])))
      const own = ownOf(portcullis, prefix)
      const known = (name: string): boolean => own.has(name) || (noun === 'tools' && portcullis.withheld.has(name)) || (prefix !== '' && own.has('*')) || (noun === 'resources' && byTemplate(portcullis, name))
      unclassified.push(...named(noun, Array.from(has).filter((name) => !known(name))))
      missing.push(...named(noun, Array.from(own).filter((name) => name !== '*' && !has.has(name))))
    }
    for (const { noun, prefix, method } of METHODS) {
      const own = ownOf(portcullis, prefix)
      const handled = handlers.has(method) || low.fallbackRequestHandler !== undefined
      if (!handled) missing.push(...named(noun, Array.from(own)))
    }
    const flaws = [
      ...(unclassified.length === 0 ? [] : [`The server has what ownServer does not classify, so nobody may know it: ${unclassified.join('; ')}.`]),
      ...(missing.length === 0 ? [] : [`ownServer classifies what the server does not have: ${missing.join('; ')}.`]),
    ]
    if (flaws.length > 0) throw new Fault('server_unclassified', flaws.join(' '))
  } finally {
    await server.close().catch(() => undefined)
  }
}

const named = (noun: string, names: readonly string[]): readonly string[] => (names.length === 0 ? [] : [`${noun} ${names.toSorted().join(', ')}`])

function ownOf({ own }: Portcullis, prefix: string): ReadonlySet<string> {
  const names = Array.from(own)
  return new Set(prefix === '' ? names.filter((name) => !PREFIXES.some((other) => name.startsWith(other))) : names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)))
}

/** Roughly as the gates match them: this only spares a sentence. */
function byTemplate(portcullis: Portcullis, uri: string): boolean {
  const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  return Array.from(ownOf(portcullis, 'template:')).some((template) => template === '*' || new RegExp(`^${template.split(VARIABLE).map(escaped).join('[^/]+')}$`).test(uri))
}
