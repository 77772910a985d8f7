import type { Connector, CustomerKey, Tool, ToolRun } from '../connectors/connector.ts'
import type { VendorFailure } from '../connectors/vendor.ts'
import type { Secret } from '../secrets/secret.ts'

/** What the broker needs to talk to one instance's vendor. The credential is a thunk: it is read at the last moment, once per call. */
export interface DispatchContext {
  readonly callId: string
  readonly tenant: string
  readonly instance: string
  readonly connector: Connector
  /** Already parsed by the connector's own schema. */
  readonly settings: unknown
  readonly credential: () => Promise<Secret | undefined>
  readonly authorization: {
    /** Vendor tokens are kept per tenant, instance, this version and the credential. */
    readonly configurationVersion: number
    /** The origins that the credential was entered for (CO-08); any other is `endpoint_forbidden`. Absent: the connector's hosts alone decide. */
    readonly origins?: readonly string[] | undefined
  }
  /** How long the dispatch may take, in ms from its start. */
  readonly deadlineMs: number
  /** On the dispatcher's monotonic clock, in ms: it refuses to begin later and answers `not_sent`. */
  readonly startBy: number
  readonly signal: AbortSignal
}

export interface DispatchJob extends DispatchContext, Partial<Pick<ToolRun, 'tell' | 'round' | 'askable'>> {
  readonly tool: Tool
  /** Frozen: what was digested and approved is what runs. */
  readonly input: unknown
  readonly customer: { readonly id: string; readonly key: CustomerKey } | undefined
}

/** Asks who owns one record, before a write. */
export interface OwnerJob extends DispatchContext {
  readonly record: string
  readonly id: CustomerKey
}

/**
 * `not_sent`: the tool's code did not begin, or asked for a forbidden endpoint before anything was sent.
 * `failed`: it surely ended; `sent` says whether anything but reads may have reached the vendor before that. `retryAfter` in seconds.
 * `unknown`: a write was on its way and nobody can say what became of it.
 */
export type DispatchFailure =
  | { readonly kind: 'not_sent'; readonly code: 'credential_unavailable' | 'endpoint_forbidden' | 'connector_timeout' | 'connector_failed' | 'cancelled' }
  | {
      readonly kind: 'failed'
      readonly failure: VendorFailure | 'connector_failed' | 'connector_timeout' | 'cancelled'
      readonly sent: boolean
      readonly retryAfter?: number | undefined
    }
  | { readonly kind: 'unknown'; readonly code: 'connector_timeout' | 'connector_failed' | 'cancelled' }

/** `injected`: every secret the broker put on the wire for this call, tokens included, for the echo scan of gate 13. */
export type DispatchAnswer = { readonly kind: 'succeeded'; readonly value: unknown; readonly injected?: readonly Secret[] | undefined } | DispatchFailure

/** `key` is undefined when nobody owns the record or it does not exist. */
export type OwnerAnswer = { readonly kind: 'owner'; readonly key: CustomerKey | undefined } | DispatchFailure

/** Runs connector code. Never rejects and never outlives `deadlineMs`; what arrives later is dropped. */
export interface Dispatcher {
  dispatch(job: DispatchJob): Promise<DispatchAnswer>
  owner(job: OwnerJob): Promise<OwnerAnswer>
  /** After it, every dispatch is `not_sent` with `connector_failed`. */
  close?(): Promise<void>
}
