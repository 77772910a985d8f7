import type { Portcullis } from '@portcullis/core'
import { Fault } from '@portcullis/core'
import { isPlainObject } from '../message.ts'
import { inCall } from './connection.ts'
import { tokensOf } from './credentials.ts'
import { withoutToken } from './scrub.ts'
import type { LowServer } from './sdk.ts'
import { askedBy, carriedBy } from './token.ts'

const LISTEN = 'subscriptions/listen'
const KINDS: ReadonlyMap<unknown, readonly ['tool' | 'resource' | 'prompt', string]> = new Map([
  ['tools/call', ['tool', 'name']],
  ['resources/read', ['resource', 'uri']],
  ['prompts/get', ['prompt', 'name']],
])

/**
 * `createMcpHandler` answers `subscriptions/listen` without asking any handler, and one bus reaches the streams of all tenants (MCP-06).
 * It makes a server first: there the request ends.
 * @throws Fault `listen_unguarded`
 */
export function refuseListen(context: unknown): void {
  const requestInfo = isPlainObject(context) ? context['requestInfo'] : undefined
  if (carriedBy({ requestInfo }).header('mcp-method') === LISTEN) {
    throw new Fault('listen_unguarded', 'subscriptions/listen is answered past every handler: host the server with `mcpHost(portcullis, { server })` to have streams of changes for each tenant.')
  }
}

/**
 * What the entries of the second line read from a server before any handler: what it announces to streams of changes, the schema that
 * `Mcp-Param-*` headers are compared with, and the scopes that a name wants. All three would tell names from no names.
 */
export function guardEntry(portcullis: Portcullis, product: object, low: LowServer, context: unknown): void {
  const announce = low.getCapabilities?.bind(low)
  if (announce !== undefined) define(low, 'getCapabilities', () => (inCall.getStore()?.method === 'initialize' ? announce() : unchanging(announce())))
  // Arguments travel in the body alone (docs/decisions/009); nothing that is listed declares such a header.
  if ('toolInputSchemaJson' in product) define(product, 'toolInputSchemaJson', () => undefined)
  if (!('resolveScopeChallenge' in product) || typeof product.resolveScopeChallenge !== 'function') return
  const challenge = product.resolveScopeChallenge as (challenged: object) => unknown
  define(product, 'resolveScopeChallenge', async (challenged: Readonly<Record<string, unknown>>) => {
    const { request, authInfo } = challenged
    const { method, params } = isPlainObject(request) ? request : {}
    const [kind, key] = KINDS.get(method) ?? []
    if (kind === undefined || key === undefined) return undefined
    const http = isPlainObject(context) ? { mcpReq: {}, http: { req: context['requestInfo'], authInfo } } : { mcpReq: {}, http: { authInfo } }
    const known = await portcullis.watches(await askedBy(http, () => undefined), kind, String(isPlainObject(params) ? params[key] : ''))
    return known ? challenge({ ...challenged, ...(authInfo === undefined ? {} : { authInfo: withoutToken(authInfo, tokensOf(http)) }) }) : undefined
  })
}

/** Without the promise to tell of changes. */
function unchanging(capabilities: unknown): unknown {
  if (!isPlainObject(capabilities)) return capabilities
  return Object.fromEntries(Object.entries(capabilities).map(([name, capability]) => {
    if (!['tools', 'prompts', 'resources'].includes(name) || !isPlainObject(capability)) return [name, capability]
    const { listChanged: _, subscribe: __, ...rest } = capability
    return [name, rest]
  }))
}

const define = (on: object, name: string, value: unknown): unknown => Object.defineProperty(on, name, { value, configurable: true, writable: true })
