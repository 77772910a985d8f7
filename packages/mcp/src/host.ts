import type { Request as Asked } from '@portcullis/core'

/** What the HTTP layer found out about one POST. Nothing else of it is read for tenant, customer or principal. */
export interface HostContext {
  /** The body, parsed by the strict parser of core: a looser one has lost duplicate keys by then. */
  readonly body: unknown
  readonly request: Asked
}

/** Answers MCP over HTTP, one POST at a time. Knows no path, no port and no framework; aborting the request's `signal` cancels the call. */
export interface Host {
  fetch(request: Request, context: HostContext): Promise<Response>
  /** Ends what is under way. */
  close(): Promise<void>
}
