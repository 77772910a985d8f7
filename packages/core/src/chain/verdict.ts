import { CODES, type Effect } from './codes.ts'
import type { DenyCode, Gate, HoldCode } from './stages.ts'

/** A gate let the call through; `proof` is evidence that only the gate's own file can make. */
export interface Pass<E> {
  readonly kind: 'pass'
  readonly proof: E
}

/** What a gate may say about the particular case, beside its code. */
export interface Particulars {
  readonly effect?: Effect
  /** Seconds. */
  readonly retryAfter?: number
  readonly approvalId?: string
  /** A better token cures this denial: the OAuth scope to ask for. */
  readonly scope?: string
  /** Names of schema fields, or a count; never a value that the caller sent. */
  readonly detail?: string
  /** The caller can cure it alone: the tool stays listed. */
  readonly curable?: boolean
  /** A crossing that the provider's plane wants to know of (IS-05). */
  readonly security?: boolean
}

export interface Deny<G extends Gate> extends Particulars {
  readonly kind: 'deny'
  readonly gate: G
  readonly code: DenyCode<G>
}

export interface Hold<G extends Gate> extends Particulars {
  readonly kind: 'hold'
  readonly gate: G
  readonly code: HoldCode<G>
}

/** The answer of gate G: evidence, a denial, and for the one gate that can, a hold. Denials are values and are never thrown. */
export type Verdict<G extends Gate, E> = Pass<E> | Deny<G> | ([HoldCode<G>] extends [never] ? never : Hold<G>)

/** Distributed over the gates, so that a `switch` on `gate` narrows `code`. */
export type AnyDeny = { [G in Gate]: Deny<G> }[Gate]
export type AnyHold = { [G in Gate]: [HoldCode<G>] extends [never] ? never : Hold<G> }[Gate]

export const pass = <E>(proof: E): Pass<E> => ({ kind: 'pass', proof })

export const deny = <G extends Gate>(gate: G, code: DenyCode<NoInfer<G>>, particulars?: Particulars): Deny<G> =>
  particulars === undefined ? { kind: 'deny', gate, code } : { kind: 'deny', gate, code, ...particulars }

export const hold = <G extends Gate>(gate: G, code: HoldCode<NoInfer<G>>, particulars?: Particulars): Hold<G> => ({ kind: 'hold', gate, code, ...particulars })

/** Whether anything took effect, where the gate did not say. */
export const effectOf = (stopped: AnyDeny | AnyHold): Effect => stopped.effect ?? CODES[stopped.code].effect
