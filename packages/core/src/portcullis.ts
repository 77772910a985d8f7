import type { Approvals } from './approve.ts'
import type { Call, Request } from './call.ts'
import type { TargetKind } from './connectors/own.ts'
import type { Exchange, Exchanged } from './exchange.ts'
import type { Explanation, View } from './explain.ts'
import type { ToolList } from './list.ts'
import type { Opened } from './method.ts'
import type { Broken, Denial, Held, Outcome } from './outcome.ts'
import type { Counter } from './runtime.ts'
import type { Change, Simulation } from './simulate.ts'
import type { TokenHolder } from './tenancy/standing.ts'

/** The state of this process for a health endpoint. Names no tenant. */
export interface Health {
  readonly status: 'ok' | 'closed'
  readonly counters: Readonly<Record<Counter, number>>
}

/** One deployment of Portcullis. Every method answers with a value; none rejects because of what a caller sent. */
export interface Portcullis extends AsyncDisposable {
  /** The issuer and only audience of its tokens. */
  readonly url: string
  /** What the connectors of this deployment have, whoever asks: hosts announce it. */
  readonly offers: ReadonlySet<TargetKind>
  /** What the server's own connector has: tools by name, all else as `prompt:greet`. For a start that compares it with what the server has; no gate reads it. */
  readonly own: ReadonlySet<string>
  /** Tools that the server's own connector leaves out on purpose. As `own`: no gate reads it, none has to. */
  readonly withheld: ReadonlySet<string>
  enforce(call: Call): Promise<Outcome>
  /** `tool` when absent. */
  list(request: Request, kind?: TargetKind): Promise<ToolList | Denial | Held | Broken>
  /** Gates 1 and 2, for a host's methods that open a conversation: `initialize`, `ping`, discovery. */
  open(request: Request): Promise<Opened | Denial | Held | Broken>
  /** Gates 1 to 4, before a host keeps something for the caller, such as a session: refused where no call would get further. */
  begin(request: Request): Promise<Opened | Denial | Held | Broken>
  /** The answer to a method that the host does not have: `method_unclassified`, unless an earlier gate refuses. */
  unclassified(request: Request): Promise<Denial | Held | Broken>
  /** Thirteen rows. `caller` is safe to show to the caller, `operator` is not. */
  explain(call: Call, view: View): Promise<Explanation>
  /** As `explain`, with the ownership of records asked for at the vendor. */
  dryRun(call: Call): Promise<Explanation>
  /** Whether a caller who was let in before may still be told of something. Records and takes nothing. */
  watches(request: Request, kind: TargetKind, name: string): Promise<boolean>
  simulate(change: Change, call: Call): Promise<Simulation>
  readonly approvals: Pick<Approvals, 'read' | 'status' | 'vote'>
  /** Ends every token of a principal, of a credential or of the whole tenant, in every process. For the operator; no gate stands before it. */
  revoke(tenant: string, holder: TokenHolder): Promise<void>
  /** A shown-once secret for an access token. */
  exchange(request: Exchange): Promise<Exchanged>
  /** RFC 7517, public halves. */
  jwks(): { readonly keys: readonly object[] }
  /** One tenant's log in the format portcullis-log/1: lines of bytes, each with its newline. For the operator; no gate stands before it. */
  exportLog(tenant: string): AsyncIterable<Uint8Array>
  /** The verifier key of a tenant's log, for `portcullis-verify --key`. */
  logKey(tenant: string): string
  /** Binds everything recorded so far; the signed note of one tenant's log. */
  checkpoint(tenant: string): Promise<string | undefined>
  /** Told the tenant after each change of its facts; the answer ends it. Hosts tell that tenant's clients, and nobody else. */
  onChange(listener: (tenant: string) => void): () => void
  health(): Health
  /** Writes open counts, binds the logs and closes the storage. */
  close(): Promise<void>
}
