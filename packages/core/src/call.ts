import type { Note } from './connectors/note.ts'
import type { TargetKind } from './connectors/own.ts'
import type { AskKind } from './connectors/round.ts'
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

/** One call of one tool, or of another target: `tool` is then its name or URI. */
export interface Call extends Request {
  readonly tool: string
  /** Absent = `tool`. */
  readonly kind?: TargetKind | undefined
  readonly arguments?: unknown
  /** Resumes a held call: its stored arguments are dispatched, and `arguments` may be left out. */
  readonly approvalId?: string | undefined
  /**
   * Chosen by the caller, 1 to 255 visible ASCII characters: the same call with the same key is dispatched once in 24 hours, and answered
   * again with what it was answered first. Reads ignore it.
   */
  readonly idempotencyKey?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** A later round of a call that asked: what the client answered, and the sealed state that came with the question. */
  readonly answers?: { readonly responses: Readonly<Record<string, unknown>>; readonly state?: string | undefined } | undefined
  /** What the client says it can be asked. */
  readonly askable?: readonly AskKind[] | undefined
  /** Told what the running call says before it ends, already guarded. */
  readonly onNote?: ((note: Note) => void) | undefined
}
