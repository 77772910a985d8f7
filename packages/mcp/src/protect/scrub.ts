import { Fault, type ToolRun } from '@portcullis/core'
import { isPlainObject } from '../message.ts'
import { mayHold, tokensOf, type Tokens } from './credentials.ts'
import { knownMeta } from './goes-on.ts'

/** Who calls, for handlers that have to pick the data of the right tenant. */
export interface ProtectedCaller {
  readonly tenant: string
  /** Within the tenant. */
  readonly principal: string
  /** Names the call in the audit. Absent where nothing is called: in lists and handshakes. */
  readonly callId?: string
}

type Fields = Readonly<Record<string, unknown>>

/** What a handler is given instead of what came. */
export interface Instead {
  readonly caller: ProtectedCaller
  readonly signal?: AbortSignal
  readonly round?: ToolRun['round']
}

const PLAIN: ReadonlySet<unknown> = new Set([Object.prototype, null])
const CALLER = 'dev.portcullis'
/** Made here, for a request that was let in: what somebody else writes under the same name is no caller. */
const callers = new WeakSet<object>()
const SECRET_HEADERS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie', 'portcullis-tenant'])

/**
 * The context of a handler (`extra` of the first SDK line, `ctx` of the second) without the credential that it came with: a handler that
 * has it could act as its caller somewhere else. In its place stands who calls.
 */
export function scrub(context: unknown, instead: Instead): Fields {
  const given = isPlainObject(context) ? context : {}
  const { mcpReq, http, authInfo, requestInfo } = given
  const signal = instead.signal === undefined ? {} : { signal: instead.signal }
  const tokens = tokensOf(context)
  if (!isPlainObject(mcpReq)) return { ...given, ...signal, _meta: knownMeta(given['_meta']), authInfo: withCaller(authInfo, tokens, instead.caller), ...(isPlainObject(requestInfo) ? { requestInfo: bareRecord(requestInfo, tokens) } : {}) }
  const { req, ...rest } = isPlainObject(http) ? http : { req: undefined }
  const { responses, state } = instead.round ?? {}
  return {
    ...given,
    mcpReq: { ...mcpReq, ...signal, _meta: knownMeta(mcpReq['_meta']), inputResponses: responses, droppedInputResponseKeys: undefined, requestState: () => state },
    http: withRequest({ ...rest, authInfo: withCaller(isPlainObject(http) ? http['authInfo'] : undefined, tokens, instead.caller) }, 'req', req, tokens),
  }
}

/**
 * What a factory is told about the request that it makes a server for, without its credentials: the context of `createMcpHandler`, or a
 * `Request`. Anything else that is no request goes through as it is.
 * @throws Fault `request_unguarded` for a request that cannot be copied without its credentials, as those of Node cannot
 */
export function scrubFactoryContext(context: unknown): unknown {
  if (context instanceof Request) return bareRequest(context, tokensOf({ requestInfo: context }))
  if (!isPlainObject(context)) return context
  if (PLAIN.has(Object.getPrototypeOf(context)) && ('authInfo' in context || 'requestInfo' in context)) {
    const { authInfo, requestInfo, ...rest } = context
    const tokens = tokensOf(context)
    const given = { ...rest, ...(authInfo === undefined ? {} : { authInfo: withoutToken(authInfo, tokens) }) }
    if (requestInfo instanceof Request) return withRequest(given, 'requestInfo', requestInfo, tokens)
    return isPlainObject(requestInfo) ? { ...given, requestInfo: bareRecord(requestInfo, tokens) } : given
  }
  if ('rawHeaders' in context || ('headers' in context && isPlainObject(context['headers']))) {
    throw new Fault('request_unguarded', 'The factory is given a request with its token: give it what it needs of the request instead, or nothing, and let handlers ask `callerOf(context)`.')
  }
  return context
}

/**
 * Who calls, from what a handler was given: `extra` of the first SDK line, `ctx` of the second.
 * @throws Fault `not_protected` for anything else than what the guard of a server gave to a handler
 */
export function callerOf(context: unknown): ProtectedCaller {
  const { http, authInfo } = fieldsOf(context)
  const caller = fieldsOf(fieldsOf(http === undefined ? authInfo : fieldsOf(http)['authInfo'])['extra'])[CALLER]
  if (!isCaller(caller)) throw new Fault('not_protected', 'Nobody calls here: only a handler of a guarded server has a caller, in what the SDK gives to it for a request.')
  return caller
}

const fieldsOf = (value: unknown): Fields => (isPlainObject(value) ? value : {})
const isCaller = (value: unknown): value is ProtectedCaller => isPlainObject(value) && callers.has(value)

function withCaller(authInfo: unknown, tokens: Tokens, caller: ProtectedCaller): Fields {
  const { extra, ...bare } = withoutToken(authInfo, tokens)
  const known = Object.freeze({ ...caller })
  callers.add(known)
  return { clientId: '', scopes: [], ...bare, extra: { ...fieldsOf(extra), [CALLER]: known } }
}

/** Nor where somebody else's middleware has put it a second time. */
export function withoutToken(authInfo: unknown, tokens: Tokens): Fields {
  if (!isPlainObject(authInfo)) return { token: '' }
  const { token: _, extra, ...rest } = authInfo
  const clean = (fields: Fields): Fields => Object.fromEntries(Object.entries(fields).filter(([name, value]) => !mayHold(name, tokens()) && !mayHold(value, tokens())))
  return { ...clean(rest), token: '', ...(isPlainObject(extra) ? { extra: clean(extra) } : {}) }
}

/** `on` with the request as its member, made when somebody looks at it: most never do, and it costs as much as half the gates. */
function withRequest(on: Fields, name: string, request: unknown, tokens: Tokens): Fields {
  if (!(request instanceof Request)) return on
  let made: unknown
  const get = (): unknown => (made ??= bareRequest(request, tokens))
  const set = (other: unknown): void => {
    made = other
  }
  return Object.defineProperty(on, name, { get, set, enumerable: true, configurable: true })
}

const bareRequest = ({ url, method, headers, signal }: Request, tokens: Tokens): Request =>
  new Request(withoutQueryToken(url), { method, signal, headers: Array.from(headers).filter((header) => isPassedOn(header, tokens)) })

const bareRecord = ({ headers, url, ...rest }: Fields, tokens: Tokens): Fields => ({
  ...Object.fromEntries(Object.entries(rest).filter(([, value]) => !mayHold(value, tokens()))),
  headers: isPlainObject(headers) ? Object.fromEntries(Object.entries(headers).filter((header) => isPassedOn(header, tokens))) : {},
  ...(url === undefined ? {} : { url: url instanceof URL ? new URL(withoutQueryToken(url.href)) : url }),
})

/** Proxies forward tokens by names of their own. */
const isPassedOn = ([name, value]: readonly [string, unknown], tokens: Tokens): boolean => !SECRET_HEADERS.has(name.toLowerCase()) && !mayHold(value, tokens())

function withoutQueryToken(text: string): string {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  url.searchParams.delete('access_token')
  return url.href
}
