import { parseShownSecret, type Portcullis } from '@portcullis/core'
import { json } from './answers.ts'
import { hasType, readBody } from './body.ts'
import { clientSecretOf } from './client-secret.ts'
import type { FailureLimit } from './failure-limit.ts'
import { endpointOf } from './path.ts'

const BODY_LIMIT = 16_384
type OAuthError = 'invalid_request' | 'invalid_client' | 'invalid_scope' | 'invalid_target' | 'unsupported_grant_type' | 'temporarily_unavailable'

/** What a token is asked for: narrowed to a customer by our parameter, or by the endpoint it is for (RFC 8707). */
type Target = { readonly ok: true; readonly customer: string | undefined } | { readonly ok: false }

/** `POST /oauth/token`, grant `client_credentials` (RFC 6749 §4.4). The secret comes in the body or by HTTP Basic, never in the query. */
export async function issueToken(portcullis: Portcullis, limit: FailureLimit, request: Request): Promise<Response> {
  if (new URL(request.url).search !== '' || !hasType(request, 'application/x-www-form-urlencoded')) return failed('invalid_request')
  const body = await readBody(request, BODY_LIMIT)
  const form = body === undefined ? undefined : readForm(body)
  if (form === undefined) return failed('invalid_request')
  const grant = form.get('grant_type')
  if (grant !== 'client_credentials') return failed(grant === undefined ? 'invalid_request' : 'unsupported_grant_type')
  const client = clientSecretOf(request.headers.get('authorization'), form)
  if (!client.ok) return failed(client.error)
  const target = targetOf(portcullis.url, form)
  if (!target.ok) return failed('invalid_target')

  const exchanged = await portcullis.exchange({ secret: client.secret, customer: target.customer, scopes: form.get('scope')?.split(' ') })
  if (exchanged.kind === 'token') return json(200, { access_token: exchanged.token, token_type: 'Bearer', expires_in: exchanged.expiresIn, scope: exchanged.scopes.join(' ') }, { pragma: 'no-cache' })
  const wait = exchanged.error === 'invalid_client' ? limit.failed(parseShownSecret(client.secret)?.keyId) : 0
  return wait > 0 ? json(429, { error: 'temporarily_unavailable' }, { 'retry-after': String(wait) }) : failed(exchanged.error)
}

/** Undefined when a parameter comes twice; one without a value counts as left out (RFC 6749 §3.2). */
function readForm(body: Uint8Array): ReadonlyMap<string, string> | undefined {
  const form = new Map<string, string>()
  const seen = new Set<string>()
  for (const [name, value] of new URLSearchParams(Buffer.from(body).toString('utf8'))) {
    if (seen.has(name)) return undefined
    seen.add(name)
    if (value !== '') form.set(name, value)
  }
  return form
}

function targetOf(url: string, form: ReadonlyMap<string, string>): Target {
  const customer = form.get('customer')
  const resource = form.get('resource')
  if (resource === undefined || resource === url || resource === `${url}/`) return { ok: true, customer }
  const endpoint = resource.startsWith(`${url}/`) ? endpointOf(resource.slice(url.length)) : undefined
  if (endpoint?.kind !== 'customer') return endpoint !== undefined && !(endpoint.kind === 'tenant' && customer !== undefined) ? { ok: true, customer } : { ok: false }
  return customer === undefined || customer === endpoint.customer ? { ok: true, customer: endpoint.customer } : { ok: false }
}

function failed(error: OAuthError): Response {
  if (error === 'invalid_client') return json(401, { error }, { 'www-authenticate': 'Basic realm="portcullis"' })
  return error === 'temporarily_unavailable' ? json(503, { error }, { 'retry-after': '5' }) : json(400, { error })
}
