import { createHash } from 'node:crypto'
import type { DispatchContext } from '../ports/dispatcher.ts'
import { reveal, Secret, secretStrings } from '../secrets/secret.ts'
import type { TokenRequest, Tokens } from './tokens.ts'

/** RFC 9110 §5.6.2. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/
/** Characters of a header's value; servers take about as much. */
const LONGEST_VALUE = 8_192
/** All that is injected is searched for in the answer, so one credential, and the tokens of one call, are limited. */
const MOST_PARTS = 64
const MOST_CHARACTERS = 65_536
const MOST_TOKENS = 8

export interface Header {
  readonly name: string
  readonly value: string
}

/** Puts one instance's credential on the wire. Made per call and gone with it. */
export interface Authorizer {
  readonly header: () => Promise<Header | 'refused' | 'unreachable'>
  /** Present where a credential refused by the vendor may be renewed. */
  readonly renew: ((refused: Header) => Promise<void>) | undefined
  /** Every secret that was injected so far. */
  readonly injected: () => readonly Secret[]
}

/** Undefined when the credential does not fit the connector, is too large or cannot be a header: `credential_unavailable`. Never throws. */
export function authorizerOf(context: DispatchContext, secret: Secret, tokenUrl: URL | undefined, tokens: Tokens): Authorizer | undefined {
  try {
    const value = reveal(secret)
    const parts = secretStrings([secret])
    if (parts.length > MOST_PARTS || parts.join('').length > MOST_CHARACTERS) return undefined
    const parsed = context.connector.credential.safeParse(value)
    if (!parsed.success) return undefined
    const { authorize } = context.connector
    if (authorize.type === 'api_key') {
      const key = authorize.value?.(parsed.data) ?? (typeof value === 'string' ? value : value['apiKey'])
      if (!isHeaderValue(key) || !HEADER_NAME.test(authorize.header)) return undefined
      const header = (authorize.prefix ?? '') + key
      return header.length > LONGEST_VALUE ? undefined : keyed({ name: authorize.header.toLowerCase(), value: header }, [secret, Secret.of(key)])
    }
    const client = authorize.client?.(parsed.data) ?? (typeof value === 'string' ? undefined : { clientId: value['clientId'], clientSecret: value['clientSecret'] })
    if (tokenUrl === undefined || typeof client?.clientId !== 'string' || typeof client.clientSecret !== 'string') return undefined
    const { clientId, clientSecret } = client
    return tokened({ key: tokenKey(context, tokenUrl, [clientId, clientSecret]), url: tokenUrl, clientId, clientSecret, scope: authorize.scope }, tokens)
  } catch {
    // An author's function threw, perhaps with the credential in its message.
    return undefined
  }
}

function keyed(header: Header, injected: readonly Secret[]): Authorizer {
  return { header: async () => header, renew: undefined, injected: () => injected }
}

/** A client id is no secret (RFC 6749 §2.2) and may stand in an honest answer. */
function tokened(request: TokenRequest, tokens: Tokens): Authorizer {
  const used = new Set<string>()
  return {
    header: async () => {
      const answer = await tokens.get(request)
      if (!answer.ok) return answer.reason
      // A vendor whose tokens end before they are used would make this list grow with every request.
      if (used.size >= MOST_TOKENS && !used.has(answer.token)) return 'unreachable'
      used.add(answer.token)
      return { name: 'authorization', value: `Bearer ${answer.token}` }
    },
    renew: (refused) => tokens.forget(request, refused.value.slice('Bearer '.length)),
    injected: () => [Secret.of(request.clientSecret), ...[...used].map((token) => Secret.of(token))],
  }
}

/** The credential enters as a digest: a rotated one must not be served by the token of its predecessor. */
function tokenKey({ tenant, instance, authorization }: DispatchContext, url: URL, client: readonly string[]): string {
  const fingerprint = createHash('sha256').update(JSON.stringify(client)).digest('hex')
  return JSON.stringify([tenant, instance, authorization.configurationVersion, url.href, fingerprint])
}

function isHeaderValue(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)
}
