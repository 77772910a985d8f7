import type { Request as Asked } from '@portcullis/core'
import type { Change } from './changes.ts'

/** What the HTTP layer found out about one request. Nothing else of it is read for tenant, customer or principal. */
export interface HostContext {
  /** The body of a POST, parsed by the strict parser of core: a looser one has lost duplicate keys by then. */
  readonly body?: unknown
  readonly request: Asked
}

/** Answers MCP over HTTP, one request at a time. Knows no path, no port and no framework; aborting the request's `signal` cancels the call. */
export interface Host {
  /** Whether GET and DELETE mean anything: the stream and the end of a session. */
  readonly sessions: boolean
  fetch(request: Request, context: HostContext): Promise<Response>
  /** Tells those clients of one tenant that listen. Nobody else's hear of it. */
  notify(tenant: string, change: Change): void
  /** Ends what is under way. */
  close(): Promise<void>
}
