import { exchange, type After, type Fetch } from './exchange.ts'

const REQUEST_MS = 10_000
const KEPT_AT_MOST = 1_000
const LONGEST_MS = 3_600_000
/** RFC 6749 §5.1 only recommends `expires_in`; without it the token is good for this long. */
const UNDATED_SECONDS = 60
/** Characters of a token. Servers take about as much in one header; a longer one has every later step pay for it. */
const LONGEST_TOKEN = 8_192

export interface TokenRequest {
  /** Everything that makes one token another: tenant, instance, configuration version, credential. */
  readonly key: string
  readonly url: URL
  readonly clientId: string
  readonly clientSecret: string
  readonly scope: string | undefined
}

/** `refused`: the vendor does not accept the credential, or gave a token too long to use. `unreachable`: no usable answer, perhaps later. */
export type TokenAnswer = { readonly ok: true; readonly token: string } | { readonly ok: false; readonly reason: 'refused' | 'unreachable' }

interface Kept {
  readonly answer: Promise<TokenAnswer>
  goodUntil: number
}

export interface Tokens {
  readonly get: (request: TokenRequest) => Promise<TokenAnswer>
  /** The vendor no longer takes this token. A newer one under the same key stays. */
  readonly forget: (request: TokenRequest, token: string) => Promise<void>
  readonly close: () => void
}

/**
 * Vendor tokens by OAuth 2.0 client credentials (RFC 6749 §4.4), in memory only, for nine tenths of their life. Callers that want
 * the same token at the same time share one request, which therefore runs on its own deadline and not on one caller's signal.
 */
export function createTokens(deps: { readonly fetch: Fetch; readonly monotonic: () => number; readonly after: After }): Tokens {
  const kept = new Map<string, Kept>()
  const closing = new AbortController()

  const request = async (wanted: TokenRequest, entry: { goodUntil: number }): Promise<TokenAnswer> => {
    const started = deps.monotonic()
    const own = new AbortController()
    const stop = deps.after(REQUEST_MS, () => own.abort())
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: wanted.clientId, client_secret: wanted.clientSecret })
    if (wanted.scope !== undefined) form.set('scope', wanted.scope)
    const init = { method: 'POST', headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString() }
    const result = await exchange(deps.fetch, wanted.url, init, AbortSignal.any([own.signal, closing.signal]))
    stop()
    if (result.kind === 'refused') return { ok: false, reason: [400, 401, 403].includes(result.status) ? 'refused' : 'unreachable' }
    const granted = result.kind === 'answer' ? tokenOf(result.body) : undefined
    if (granted === undefined) return { ok: false, reason: 'unreachable' }
    if (granted.token.length > LONGEST_TOKEN) return { ok: false, reason: 'refused' }
    entry.goodUntil = started + Math.min(granted.seconds * 900, LONGEST_MS)
    return { ok: true, token: granted.token }
  }

  const fresh = (wanted: TokenRequest): Promise<TokenAnswer> => {
    const times = { goodUntil: Infinity }
    const entry: Kept = Object.assign(times, { answer: request(wanted, times) })
    if (kept.size >= KEPT_AT_MOST) for (const oldest of kept.keys()) { kept.delete(oldest); break }
    kept.set(wanted.key, entry)
    return entry.answer.then((answer) => {
      if (!answer.ok && kept.get(wanted.key) === entry) kept.delete(wanted.key)
      return answer
    })
  }

  return {
    get: (wanted) => {
      const known = kept.get(wanted.key)
      kept.delete(wanted.key)
      if (known === undefined || known.goodUntil <= deps.monotonic()) return fresh(wanted)
      kept.set(wanted.key, known)
      return known.answer
    },
    forget: async (wanted, token) => {
      const known = kept.get(wanted.key)
      const answer = await known?.answer
      if (answer?.ok === true && answer.token === token && kept.get(wanted.key) === known) kept.delete(wanted.key)
    },
    close: () => {
      closing.abort()
      kept.clear()
    },
  }
}

function tokenOf(body: unknown): { token: string; seconds: number } | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { access_token: token, token_type: type = 'Bearer', expires_in: seconds = UNDATED_SECONDS } = body as Record<string, unknown>
  const usable = typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) && typeof type === 'string' && type.toLowerCase() === 'bearer'
  return usable && typeof seconds === 'number' && seconds > 0 ? { token, seconds } : undefined
}
