import { INGRESS_LIMITS, parseJson, type Portcullis, type Request as Asked } from '@portcullis/core'
import { ingressRefusal, refusalResponse, type Host } from '@portcullis/mcp'
import { broken, json, methodNotAllowed, notFound, secured } from './answers.ts'
import { castVote, showApproval, showStatus } from './approval-pages.ts'
import { bearerOf } from './bearer.ts'
import { hasType, readBody } from './body.ts'
import { FailureLimit } from './failure-limit.ts'
import { isResourceMetadata, resourceMetadata, serverMetadata } from './metadata.ts'
import { isOurs } from './origin.ts'
import { decodedOnce, endpointOf } from './path.ts'
import { issueToken } from './token-endpoint.ts'

export interface RouterOptions {
  /** Answers what is posted to `/mcp`, e.g. `mcpHost(portcullis)` of `@portcullis/mcp/v2`. */
  readonly mcp: Host
  /** Told what broke. Never holds a token. Default: nobody. */
  readonly onFault?: ((fault: unknown) => void) | undefined
}

/** Everything that Portcullis serves over HTTP, for any framework that has a fetch-style request. */
export interface Router {
  /** Whether a path belongs to Portcullis; others are the application's own. */
  handles(pathname: string): boolean
  /** Never rejects. Aborting the request's signal cancels the call. */
  fetch(request: Request): Promise<Response>
}

type Serve = (request: Request, url: URL) => Response | Promise<Response>
type Method = 'GET' | 'POST' | 'DELETE'
type Route = Readonly<Partial<Record<Method, Serve>>>

/**
 * MCP at `/mcp`, `/mcp/customers/{id}` and `/mcp/tenant`; tokens at `/oauth/token`; metadata of RFC 9728 and RFC 8414 and the key set
 * below `/.well-known/`; `/health`; approvals at `/approvals/{id}`, `/approvals/{id}/status` and `/approvals/{id}/votes`. Everything else is 404.
 */
export function router(portcullis: Portcullis, { mcp, onFault }: RouterOptions): Router {
  const own = new URL(portcullis.url)
  const limit = new FailureLimit(() => performance.now())
  const fixed = new Map<string, Route>([
    ['/oauth/token', { POST: (request) => issueToken(portcullis, limit, request) }],
    ['/.well-known/oauth-authorization-server', { GET: () => json(200, serverMetadata(portcullis.url)) }],
    ['/.well-known/jwks.json', { GET: () => json(200, portcullis.jwks()) }],
    ['/health', { GET: health }],
  ])
  return {
    handles: (pathname) => routeOf(pathname) !== undefined || /^\/(?:mcp|approvals)(?:\/|$)/.test(pathname),
    async fetch(request) {
      try {
        return secured(await serve(request))
      } catch (fault) {
        onFault?.(fault)
        return secured(broken())
      }
    },
  }

  async function serve(request: Request): Promise<Response> {
    if (!isOurs(request, own)) return json(403, { error: { code: 'origin_forbidden', message: 'This server does not answer requests of this host or origin.' } })
    const url = new URL(request.url)
    const route = routeOf(url.pathname)
    if (route === undefined) return notFound()
    const { method } = request
    const served = method === 'GET' || method === 'POST' || method === 'DELETE' ? route[method] : undefined
    return served === undefined ? methodNotAllowed(Object.keys(route).join(', ')) : served(request, url)
  }

  function routeOf(pathname: string): Route | undefined {
    const known = fixed.get(pathname)
    if (known !== undefined) return known
    const endpoint = endpointOf(pathname)
    if (endpoint !== undefined) {
      const manage: Serve = (request) => session(request, endpoint)
      return { POST: (request) => message(request, endpoint), ...(mcp.sessions ? { GET: manage, DELETE: manage } : {}) }
    }
    if (isResourceMetadata(pathname)) return { GET: () => json(200, resourceMetadata(portcullis.url)) }
    const [, segment, part] = /^\/approvals\/([^/]+)(?:\/(votes|status))?$/.exec(pathname) ?? []
    if (segment === undefined) return undefined
    const id = decodedOnce(segment)
    if (part === 'status') return { GET: (request) => authorized(request, (asked) => showStatus(portcullis, asked, id)) }
    return part === undefined
      ? { GET: (request) => authorized(request, (asked) => showApproval(portcullis, asked, id)) }
      : { POST: (request) => authorized(request, (asked) => castVote(portcullis, asked, id, request)) }
  }

  /** The body is parsed here, strictly, and nobody else parses it again. */
  async function message(request: Request, endpoint: Asked['endpoint']): Promise<Response> {
    const bearer = bearerOf(request)
    if (!bearer.ok) return badToken(refusalResponse(ingressRefusal('malformed', 'message'), null))
    if (!hasType(request, 'application/json')) return json(415, { error: { code: 'malformed', message: 'MCP messages are sent as application/json.' } })
    const body = await readBody(request, INGRESS_LIMITS.bytes)
    const parsed = body === undefined ? ({ ok: false, code: 'request_too_large' } as const) : parseJson(body, INGRESS_LIMITS)
    if (!parsed.ok) return refusalResponse(ingressRefusal(parsed.code), null)
    return mcp.fetch(request, { body: parsed.value, request: { token: bearer.token, endpoint, tenantsNamed: tenantsNamed(request) } })
  }

  /** The stream and the end of a session. */
  async function session(request: Request, endpoint: Asked['endpoint']): Promise<Response> {
    const bearer = bearerOf(request)
    if (!bearer.ok) return badToken(refusalResponse(ingressRefusal('malformed', 'message'), null))
    return mcp.fetch(request, { request: { token: bearer.token, endpoint, tenantsNamed: tenantsNamed(request) } })
  }

  async function authorized(request: Request, serveAs: (asked: Asked) => Promise<Response>): Promise<Response> {
    const bearer = bearerOf(request)
    if (!bearer.ok) return badToken(json(400, { error: { code: 'malformed', message: 'Send one bearer token in the Authorization header.' } }))
    return serveAs({ token: bearer.token, tenantsNamed: tenantsNamed(request) })
  }

  function health(): Response {
    const { status } = portcullis.health()
    return json(status === 'ok' ? 200 : 503, { status })
  }
}

/** Our own header, and no other, may name the tenant; sent twice, both must be right (CH-02). */
const tenantsNamed = (request: Request): readonly string[] => request.headers.get('portcullis-tenant')?.split(',').map((name) => name.trim()) ?? []

function badToken(response: Response): Response {
  response.headers.set('www-authenticate', 'Bearer error="invalid_request"')
  return response
}
