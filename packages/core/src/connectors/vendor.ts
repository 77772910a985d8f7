import type { z } from 'zod'

/** What a vendor's refusal becomes. The set is closed: a vendor's own words never reach a model. */
export const VENDOR_FAILURES = ['not_found', 'conflict', 'invalid', 'limited', 'forbidden', 'unavailable'] as const
export type VendorFailure = (typeof VENDOR_FAILURES)[number]

export interface VendorRequest<S extends z.ZodType = z.ZodType> {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  /** Parses the answer; without it the answer is `unknown`. A mismatch is the failure `unavailable`. */
  readonly as?: S | undefined
}

export interface VendorPages<S extends z.ZodType = z.ZodType> extends Omit<VendorRequest<S>, 'as'> {
  /** One record of a page. */
  readonly as: S
  /** Where a page carries its records. */
  readonly items: (page: unknown) => unknown
  /** The query of the following page, or undefined after the last. `number` counts from 1. */
  readonly next: (page: unknown, number: number) => Readonly<Record<string, string | number>> | undefined
}

/**
 * The only way to a vendor. Paths are relative to the instance's base URL; the credential is added behind this interface and is
 * never seen by connector code. Rejects with `VendorError` and nothing else.
 */
export interface Vendor {
  get<S extends z.ZodType>(path: string, request: VendorRequest<S> & { readonly as: S }): Promise<z.output<S>>
  get(path: string, request?: VendorRequest): Promise<unknown>
  post<S extends z.ZodType>(path: string, request: VendorRequest<S> & { readonly as: S }): Promise<z.output<S>>
  post(path: string, request?: VendorRequest): Promise<unknown>
  /** Every record of a paged listing, at most 100 pages, 10,000 records and 8 MiB of JSON (`unavailable` beyond). */
  all<S extends z.ZodType>(path: string, request: VendorPages<S>): Promise<z.output<S>[]>
}

/** A vendor refused or could not be reached. `sent` is false when the request surely had no effect. */
export class VendorError extends Error {
  readonly failure: VendorFailure
  readonly sent: boolean
  readonly retryAfter: number | undefined

  constructor(failure: VendorFailure, options: { readonly sent: boolean; readonly retryAfter?: number | undefined }) {
    super(`vendor: ${failure}`)
    this.name = 'VendorError'
    this.failure = failure
    this.sent = options.sent
    this.retryAfter = options.retryAfter
  }
}
