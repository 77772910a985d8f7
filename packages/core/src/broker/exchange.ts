/** Compressed answers are counted after decompression. */
const LARGEST_ANSWER = 4 * 1024 * 1024
const DEEPEST_ANSWER = 64
/** Codes of failures before a connection stood: whatever was to be sent was not. */
const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

export type Fetch = typeof globalThis.fetch
/** Calls back once after `ms` unless cancelled. */
export type After = (ms: number, callback: () => void) => () => void

/**
 * `answer`: 2xx with JSON (or nothing), of so many bytes. `refused`: any other status, its body unread. `unusable`: 2xx whose body we will not use (no
 * JSON, over 4 MiB, deeper than 64). `unreached`: no connection. `broken`: lost or aborted somewhere after that.
 */
export type Exchanged =
  | { readonly kind: 'answer'; readonly body: unknown; readonly bytes: number }
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfter: number | undefined }
  | { readonly kind: 'unusable' | 'unreached' | 'broken' }

/**
 * One HTTP exchange. Redirects are not followed: they would carry the credential to wherever the answer says. Never rejects; a
 * library's error text is dropped here, for it may quote headers.
 */
export async function exchange(fetch: Fetch, url: URL, init: RequestInit, signal: AbortSignal): Promise<Exchanged> {
  const cut = aborted(signal)
  try {
    const response = await Promise.race([fetch(url, { ...init, redirect: 'manual', signal }), cut.promise])
    if (response === 'aborted') return { kind: 'broken' }
    if (!response.ok) {
      response.body?.cancel().catch(() => undefined)
      return { kind: 'refused', status: response.status, retryAfter: seconds(response.headers.get('retry-after')) }
    }
    const text = await textOf(response, cut.promise)
    return text === undefined ? { kind: 'unusable' } : parsed(text, response.headers.get('content-type') ?? '')
  } catch (error) {
    return { kind: neverConnected(error) ? 'unreached' : 'broken' }
  } finally {
    cut.release()
  }
}

/** Resolves when the signal aborts, so that a `fetch` that ignores signals cannot hold us. */
function aborted(signal: AbortSignal): { promise: Promise<'aborted'>; release: () => void } {
  let release = (): void => undefined
  const promise = new Promise<'aborted'>((resolve) => {
    const listener = (): void => resolve('aborted')
    if (signal.aborted) return listener()
    signal.addEventListener('abort', listener, { once: true })
    release = () => signal.removeEventListener('abort', listener)
  })
  return { promise, release: () => release() }
}

/** The body while it stays small enough. Throws when the connection breaks or the signal aborts in between. */
async function textOf(response: Response, cut: Promise<'aborted'>): Promise<string | undefined> {
  if (response.body === null) return ''
  const reader = response.body.getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const stop = (): void => void reader.cancel().catch(() => undefined)
  let text = ''
  for (let size = 0; ; ) {
    const chunk = await Promise.race([reader.read(), cut])
    if (chunk === 'aborted') {
      stop()
      throw new Error('aborted')
    }
    if (chunk.done) return text + decoder.decode()
    size += chunk.value.byteLength
    if (size > LARGEST_ANSWER) {
      stop()
      return undefined
    }
    text += decoder.decode(chunk.value, { stream: true })
  }
}

function parsed(text: string, contentType: string): Exchanged {
  if (text === '') return { kind: 'answer', body: undefined, bytes: 0 }
  if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType)) return { kind: 'unusable' }
  try {
    const body: unknown = JSON.parse(text)
    return isShallow(body, DEEPEST_ANSWER) ? { kind: 'answer', body, bytes: Buffer.byteLength(text) } : { kind: 'unusable' }
  } catch {
    return { kind: 'unusable' }
  }
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((part) => isShallow(part, levels - 1))
}

/** RFC 9110 §10.2.3 in its form of seconds; a date would need a clock and vendors hardly send one. */
function seconds(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : undefined
}

function neverConnected(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' && NEVER_CONNECTED.has(code)
}
