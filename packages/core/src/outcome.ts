import type { AskRequest } from './connectors/round.ts'
import { CODES, type Effect } from './chain/codes.ts'
import type { DenyCode, Gate, HoldCode } from './chain/stages.ts'
import { effectOf, type AnyDeny, type AnyHold, type Particulars } from './chain/verdict.ts'

interface Told {
  /** One sentence. Echoes nothing that the caller sent. */
  readonly message: string
  readonly remedy: string
  readonly effect: Effect
  readonly retryable: boolean
  /** Seconds. */
  readonly retryAfter?: number
  /** Names this decision in the audit; always of one length. */
  readonly decisionId: string
  /** A token with this scope would be accepted. */
  readonly scope?: string
  readonly curable?: boolean
}

/** A refusal that says which gate, why, and whether anything took effect. Also given when nobody can tell: fail closed. */
export type Denial = { [G in Gate]: Told & { readonly kind: 'denial'; readonly gate: G; readonly code: DenyCode<G> } }[Gate]

/** The call waits for somebody else's approval. */
export type Held = Told & { readonly kind: 'hold'; readonly gate: 'approval'; readonly code: HoldCode<'approval'>; readonly approvalId?: string }

/** An answer, narrowed and recorded. `text` is JSON, and the only serialisation there is. */
export interface Released {
  readonly kind: 'result'
  readonly text: string
  /** The text is an MCP result as it is, of the server's own connector. */
  readonly raw?: true
  readonly decisionId: string
}

/** The call wants something of its client first. Nothing took effect and nothing was counted; the same call with `state` goes on. */
export interface Asked {
  readonly kind: 'asked'
  readonly requests: Readonly<Record<string, AskRequest>>
  /** Sealed: holds for the same caller of the same call, for a quarter of an hour. */
  readonly state: string
  readonly decisionId: string
}

/** Something broke here. Nothing of it is told. */
export interface Broken {
  readonly kind: 'fault'
  readonly effect: Effect
  readonly decisionId: string
}

export type Outcome = Released | Asked | Denial | Held | Broken

/** What the caller is told of a verdict that stopped the chain. */
export function tell(stopped: AnyDeny | AnyHold, decisionId: string): Denial | Held {
  const entry = CODES[stopped.code]
  const effect = effectOf(stopped)
  const told: Told = {
    message: stopped.detail === undefined ? entry.message : `${entry.message} (${stopped.detail})`,
    remedy: entry.remedy, effect, retryable: entry.retryable && effect === 'none', decisionId, ...optional(stopped),
  }
  return stopped.kind === 'hold'
    ? { ...told, kind: 'hold', gate: stopped.gate, code: stopped.code, ...(stopped.approvalId === undefined ? {} : { approvalId: stopped.approvalId }) }
    : ({ ...told, kind: 'denial', gate: stopped.gate, code: stopped.code } as Denial)
}

const optional = ({ retryAfter, scope, curable }: Particulars): Pick<Told, 'retryAfter' | 'scope' | 'curable'> => ({
  ...(retryAfter === undefined ? {} : { retryAfter }),
  ...(scope === undefined ? {} : { scope }),
  ...(curable === undefined ? {} : { curable }),
})
