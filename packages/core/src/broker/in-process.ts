import type { CustomerKey } from '../connectors/connector.ts'
import { VENDOR_FAILURES, VendorError, type Vendor } from '../connectors/vendor.ts'
import type { DispatchContext, Dispatcher, DispatchFailure } from '../ports/dispatcher.ts'
import type { Secret } from '../secrets/secret.ts'
import { authorizerOf, type Authorizer } from './authorizer.ts'
import { vendorClient } from './client.ts'
import { endpointOf, type Endpoint } from './endpoint.ts'
import type { After, Fetch } from './exchange.ts'
import { createProgress, type Progress } from './progress.ts'
import { createTokens } from './tokens.ts'

export interface InProcessOptions {
  readonly fetch?: Fetch | undefined
  /** Milliseconds that never go back; the clock of `startBy`. Default: `performance.now`. */
  readonly monotonic?: (() => number) | undefined
  readonly after?: After | undefined
}

type Ended = 'connector_timeout' | 'cancelled'
type Performed<T> = { readonly kind: 'done'; readonly value: T; readonly injected: readonly Secret[] } | DispatchFailure

/**
 * Runs connector code in this very process. It keeps credentials out of the code's hands, not out of its reach: a hostile connector
 * in one process with the gateway can do what the gateway can. It answers by the deadline even when the code hangs; code that never
 * yields cannot be stopped from within.
 */
export function inProcess(options: InProcessOptions = {}): Dispatcher {
  const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  const monotonic = options.monotonic ?? (() => performance.now())
  const after = options.after ?? ((ms, callback) => { const timer = setTimeout(callback, ms); return () => clearTimeout(timer) })
  const tokens = createTokens({ fetch, monotonic, after })
  let closed = false

  const prepare = async (context: DispatchContext, signal: AbortSignal): Promise<{ endpoint: Endpoint; authorizer: Authorizer } | DispatchFailure> => {
    if (monotonic() > context.startBy) return { kind: 'not_sent', code: 'connector_timeout' }
    const endpoint = endpointOf(context.connector, context.settings, context.authorization.origins)
    if (endpoint === undefined) return { kind: 'not_sent', code: 'endpoint_forbidden' }
    const secret = await credentialOf(context)
    if (signal.aborted) return { kind: 'not_sent', code: 'cancelled' }
    const authorizer = secret === undefined ? undefined : authorizerOf(context, secret, endpoint.tokenUrl, tokens)
    // A token is fetched before the code runs, so that a credential the vendor refuses costs nothing but this answer.
    const header = await authorizer?.header()
    if (authorizer === undefined || header === 'refused') return { kind: 'not_sent', code: 'credential_unavailable' }
    if (header === 'unreachable') return { kind: 'not_sent', code: 'connector_failed' }
    return monotonic() > context.startBy ? { kind: 'not_sent', code: 'connector_timeout' } : { endpoint, authorizer }
  }

  const perform = async <T>(context: DispatchContext, readOnly: boolean, work: (vendor: Vendor, signal: AbortSignal) => Promise<T>): Promise<Performed<T>> => {
    if (closed) return { kind: 'not_sent', code: 'connector_failed' }
    if (context.signal.aborted) return { kind: 'not_sent', code: 'cancelled' }
    const life = lifeOf(context, after)
    const progress = createProgress()
    try {
      const ready = await Promise.race([prepare(context, life.signal), life.ended])
      if (typeof ready === 'string') return { kind: 'not_sent', code: ready }
      if ('kind' in ready) return ready
      if (life.signal.aborted) return { kind: 'not_sent', code: await life.ended }
      const vendor = vendorClient({ fetch, after, ...ready, progress, signal: life.signal, callId: context.callId, readOnly })
      const running = (async () => ({ value: await work(vendor, life.signal) }))()
      running.catch(() => undefined)
      const result = await Promise.race([running, life.ended])
      if (typeof result === 'string') return endedBy(result, progress)
      if (progress.counts().pending > 0) return { kind: 'unknown', code: 'connector_failed' }
      return { kind: 'done', value: result.value, injected: ready.authorizer.injected() }
    } catch (error) {
      return failureOf(error, progress)
    } finally {
      life.end()
    }
  }

  return {
    dispatch: async (job) => {
      const run = (vendor: Vendor, signal: AbortSignal): Promise<unknown> => job.tool.run({ input: job.input, customer: job.customer, vendor, signal, callId: job.callId, tell: job.tell ?? (() => undefined) })
      const result = await perform(job, false, run)
      return result.kind === 'done' ? { kind: 'succeeded', value: result.value, injected: result.injected } : result
    },
    owner: async (job) => {
      const record = Object.hasOwn(job.connector.records, job.record) ? job.connector.records[job.record] : undefined
      if (record === undefined) return { kind: 'not_sent', code: 'connector_failed' }
      const result = await perform(job, true, (vendor, signal) => record.owner({ id: job.id, vendor, signal }))
      if (result.kind === 'done') return isKey(result.value) ? { kind: 'owner', key: result.value } : { kind: 'failed', failure: 'connector_failed', sent: false }
      // No such record and nobody's record are one answer (IS-07).
      return result.kind === 'failed' && result.failure === 'not_found' ? { kind: 'owner', key: undefined } : result
    },
    close: async () => {
      closed = true
      tokens.close()
    },
  }
}

async function credentialOf(context: DispatchContext): Promise<Secret | undefined> {
  try {
    return await context.credential()
  } catch {
    return undefined
  }
}

function isKey(value: unknown): value is CustomerKey | undefined {
  return value === undefined || typeof value === 'string' || typeof value === 'number'
}

/** One call's time: its signal aborts at the deadline, at the caller's wish, or when the call is over. */
function lifeOf(context: DispatchContext, after: After): { signal: AbortSignal; ended: Promise<Ended>; end: () => void } {
  const over = new AbortController()
  let end = (): void => over.abort()
  const ended = new Promise<Ended>((resolve) => {
    const finish = (how: Ended) => (): void => {
      resolve(how)
      over.abort()
    }
    const cancelled = finish('cancelled')
    const stop = after(context.deadlineMs, finish('connector_timeout'))
    context.signal.addEventListener('abort', cancelled, { once: true })
    end = () => {
      stop()
      context.signal.removeEventListener('abort', cancelled)
      over.abort()
    }
  })
  return { signal: over.signal, ended, end: () => end() }
}

function endedBy(how: Ended, progress: Progress): DispatchFailure {
  const { pending, lost, done } = progress.counts()
  return pending + lost + done > 0 ? { kind: 'unknown', code: how } : { kind: 'failed', failure: how, sent: false }
}

/** Only codes leave: an error's text, cause or properties may hold whatever the code had in its hands. */
function failureOf(error: unknown, progress: Progress): DispatchFailure {
  const { pending, lost, done } = progress.counts()
  const refusal = refusalOf(error)
  if (progress.forbidden && progress.requests === 0) return { kind: 'not_sent', code: 'endpoint_forbidden' }
  if (pending + lost > 0 || (refusal?.sent === true && done === 0)) return { kind: 'unknown', code: 'connector_failed' }
  return { kind: 'failed', failure: refusal?.failure ?? 'connector_failed', sent: done > 0, retryAfter: refusal?.retryAfter }
}

/** A vendor error's three fields if they are what they should be. Connector code can throw anything: proxies, getters, altered errors. */
function refusalOf(error: unknown): Pick<VendorError, 'failure' | 'sent' | 'retryAfter'> | undefined {
  try {
    if (!(error instanceof VendorError)) return undefined
    const { failure, sent, retryAfter } = error
    return VENDOR_FAILURES.includes(failure) ? { failure, sent: sent !== false, retryAfter: typeof retryAfter === 'number' ? retryAfter : undefined } : undefined
  } catch {
    return undefined
  }
}
