import type { Code, Effect, Gate } from '@portcullis/core'

/** Why a request stops, as the requirements say it. `approval` is the how-manieth request for approval of the history. */
export interface Stopped {
  readonly kind: 'denial' | 'hold'
  readonly gate: Gate
  readonly code: Code
  readonly effect: Effect
  readonly curable?: boolean
  readonly approval?: number
  /** Said before, to the same call: nothing is sent. */
  readonly again?: true
  /** Refused at gate 1 with a sound token: whose log says so. */
  readonly tenant?: string
}

export interface Answered {
  readonly kind: 'result'
  /** What the JSON of the answer says. */
  readonly value: unknown
  readonly again?: true
}

/** Nothing stands in the way, as far as an explanation looks. */
export interface Clear {
  readonly kind: 'clear'
}

export type Expected = Stopped | Answered

export const no = (gate: Gate, code: Code, more: Partial<Stopped> = {}): Stopped => ({ kind: 'denial', gate, code, effect: 'none', ...more })
