import { STAGES, type Gate } from './stages.ts'
import type { AnyDeny, AnyHold, Verdict } from './verdict.ts'

const NUMBER = Object.fromEntries(STAGES.map((stage) => [stage.gate, stage.number])) as { readonly [G in Gate]: number }

const LETTERS = { pass: 'p', deny: 'd', hold: 'h' } as const

/** Verdicts of one request, one letter a gate in its place: `p` passed, `d` denied, `h` held, `-` not asked. */
export class Trace {
  #marks = ''
  #last = 0
  #stopped: AnyDeny | AnyHold | undefined

  /** Records the verdict of a gate and hands it back. Recording out of order, or after a stop, is a bug and throws. */
  at<G extends Gate, V extends Verdict<NoInfer<G>, unknown>>(gate: G, verdict: V): V {
    const number = NUMBER[gate]
    if (this.#stopped !== undefined || number <= this.#last) throw new Error(`trace: ${gate} recorded out of order`)
    this.#last = number
    this.#marks = this.#marks.padEnd(number - 1, '-') + LETTERS[verdict.kind]
    if (verdict.kind === 'pass') return verdict
    this.#stopped = verdict as unknown as AnyDeny | AnyHold
    return verdict
  }

  /** Where the chain stopped, if it did. */
  get stopped(): AnyDeny | AnyHold | undefined {
    return this.#stopped
  }

  /** For the audit, from gate 1 on: `ppppd`. */
  toString(): string {
    return this.#marks
  }
}
