import type { z } from 'zod'
import { VendorError, type VendorFailure } from '../connectors/vendor.ts'
import type { Exchanged } from './exchange.ts'

const LONGEST_RETRY_AFTER = 1
const FAILURES: Readonly<Record<number, VendorFailure>> = { 400: 'invalid', 401: 'forbidden', 403: 'forbidden', 404: 'not_found', 409: 'conflict', 422: 'invalid', 429: 'limited' }
const RETRIABLE = new Set([500, 502, 503, 504])

export function failed(failure: VendorFailure, sent = false, retryAfter?: number): VendorError {
  return new VendorError(failure, { sent, retryAfter })
}

export function failureOf(result: Exchanged, sent: boolean): VendorError {
  return result.kind === 'refused' ? failed(FAILURES[result.status] ?? 'unavailable', sent, result.retryAfter) : failed('unavailable', sent)
}

/** A 4xx says that nothing was done. 408 says nothing: a proxy sends it when the vendor did not answer in time. A redirect often follows a success. */
export function isSurelyRefused(result: Exchanged): boolean {
  return result.kind === 'unreached' || (result.kind === 'refused' && result.status >= 400 && result.status < 500 && result.status !== 408)
}

export function isRetriable(result: Exchanged): boolean {
  if (result.kind === 'refused' && result.status === 429) return result.retryAfter !== undefined && result.retryAfter <= LONGEST_RETRY_AFTER
  return result.kind === 'refused' ? RETRIABLE.has(result.status) && (result.retryAfter ?? 0) <= LONGEST_RETRY_AFTER : result.kind === 'broken' || result.kind === 'unreached'
}

/** The answer in the shape that the connector expects; any other is `unavailable`. */
export async function parsedAs(schema: z.ZodType | undefined, body: unknown, sent: boolean): Promise<unknown> {
  if (schema === undefined) return body
  const parsed = await schema.safeParseAsync(body).catch(() => undefined)
  if (parsed?.success !== true) throw failed('unavailable', sent)
  return parsed.data
}
