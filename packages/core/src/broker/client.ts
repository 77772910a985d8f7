import type { z } from 'zod'
import type { Vendor, VendorPages, VendorRequest } from '../connectors/vendor.ts'
import type { Authorizer, Header } from './authorizer.ts'
import type { Endpoint } from './endpoint.ts'
import { exchange, type After, type Exchanged, type Fetch } from './exchange.ts'
import { failed, failureOf, isRetriable, isSurelyRefused, parsedAs } from './outcome.ts'
import { everyPage, type Page } from './pages.ts'
import type { Progress } from './progress.ts'

const RETRIES = 2
const BACKOFF_MS = [50, 200]

export interface ClientOptions {
  readonly fetch: Fetch
  readonly after: After
  readonly endpoint: Endpoint
  readonly authorizer: Authorizer
  readonly progress: Progress
  /** Aborts when the call is over; nothing is sent after that. */
  readonly signal: AbortSignal
  readonly callId: string
  readonly readOnly: boolean
}

/**
 * The `Vendor` that connector code gets. Reads are repeated at most twice, writes never: a write that got a 5xx or lost its
 * connection is `sent: true`. The first write carries the call id as `Idempotency-Key`, the n-th `<call id>.<n>`, as one key stands for
 * one request.
 */
export function vendorClient(options: ClientOptions): Vendor {
  const { endpoint, authorizer, progress } = options

  const urlOf = (path: string, query: VendorRequest['query']): URL => {
    if (options.signal.aborted) throw failed('unavailable')
    const url = endpoint.to(path, query)
    if (url === undefined) {
      progress.forbidden = true
      throw failed('forbidden')
    }
    return url
  }
  const header = async (): Promise<Header> => {
    const found = await authorizer.header()
    if (typeof found === 'string') throw failed(found === 'refused' ? 'forbidden' : 'unavailable')
    return found
  }
  const signalOf = (request: VendorRequest): AbortSignal =>
    request.signal === undefined || request.signal === options.signal ? options.signal : AbortSignal.any([options.signal, request.signal])
  const send = async (url: URL, auth: Header, init: RequestInit, signal: AbortSignal): Promise<Exchanged> => {
    if (signal.aborted) return { kind: 'unreached' }
    progress.requests++
    return exchange(options.fetch, url, { ...init, headers: { accept: 'application/json', ...(init.headers as Record<string, string>), [auth.name]: auth.value } }, signal)
  }

  const read = async (path: string, request: VendorRequest): Promise<Page> => {
    const url = urlOf(path, request.query)
    const signal = signalOf(request)
    for (let tries = 0, renewed = false; ; ) {
      const auth = await header()
      const result = await send(url, auth, { method: 'GET' }, signal)
      if (result.kind === 'answer') return result
      if (result.kind === 'refused' && result.status === 401 && authorizer.renew !== undefined && !renewed) {
        renewed = true
        await authorizer.renew(auth)
      } else if (tries < RETRIES && !signal.aborted && isRetriable(result)) {
        await pause(options.after, result.kind === 'refused' && result.retryAfter !== undefined ? result.retryAfter * 1000 : (BACKOFF_MS[tries] as number), signal)
        tries++
      } else throw failureOf(result, false)
    }
  }

  const get = async (path: string, request: VendorRequest = {}): Promise<unknown> => parsedAs(request.as, (await read(path, request)).body, false)

  const post = async (path: string, request: VendorRequest = {}): Promise<unknown> => {
    const url = urlOf(path, request.query)
    if (options.readOnly) throw failed('forbidden')
    const body = serialised(request.body)
    const auth = await header()
    const signal = signalOf(request)
    if (signal.aborted) throw failed('unavailable')
    const write = progress.write()
    const key = write.number === 1 ? options.callId : `${options.callId}.${write.number}`
    const headers = { 'idempotency-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    const result = await send(url, auth, { method: 'POST', headers, ...(body === undefined ? {} : { body }) }, signal)
    if (result.kind === 'answer' || result.kind === 'unusable') write.end('done')
    else write.end(isSurelyRefused(result) ? 'refused' : 'lost')
    if (result.kind === 'refused' && result.status === 401) await authorizer.renew?.(auth)
    if (result.kind === 'answer') return parsedAs(request.as, result.body, true)
    throw failureOf(result, !isSurelyRefused(result))
  }

  const all = <S extends z.ZodType>(path: string, request: VendorPages<S>): Promise<z.output<S>[]> => everyPage(read, path, request)

  // The overloads tie the result to `as`, which an implementation cannot express.
  return Object.freeze({ get: abandonable(get), post: abandonable(post), all: abandonable(all) }) as Vendor
}

/**
 * Code that asks twice and fails at the first answer leaves the second promise to nobody. Its rejection must not end the process: the
 * promise counts as looked after from the start, and rejects all the same for whoever awaits it.
 */
function abandonable<A extends unknown[], T>(ask: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  return (...args) => {
    const answer = ask(...args)
    answer.catch(() => undefined)
    return answer
  }
}

function serialised(body: unknown): string | undefined {
  try {
    return body === undefined ? undefined : JSON.stringify(body)
  } catch {
    throw failed('invalid')
  }
}

async function pause(after: After, ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const wake = (): void => {
      cancel()
      signal.removeEventListener('abort', wake)
      resolve()
    }
    const cancel = after(ms, wake)
    signal.addEventListener('abort', wake, { once: true })
  })
  if (signal.aborted) throw failed('unavailable')
}
