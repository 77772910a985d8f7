import type { Endpoint } from './tenancy/reach.ts'

/** What every request brings along, whatever its method. */
export interface Request {
  /** The bearer token, without its scheme. */
  readonly token?: string | undefined
  /** What the client was configured with: `plain` when it names neither a customer nor the whole tenant. */
  readonly endpoint?: Endpoint | undefined
  /** Tenants named in the places that Portcullis defines (own header, custom domain). Each must agree with the token. */
  readonly tenantsNamed?: readonly string[] | undefined
}

/** One call of one tool. */
export interface Call extends Request {
  readonly tool: string
  readonly arguments?: unknown
  /** Resumes a held call: its stored arguments are dispatched, and `arguments` may be left out. */
  readonly approvalId?: string | undefined
  readonly signal?: AbortSignal | undefined
}
