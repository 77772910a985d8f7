import { STAGES, type Gate } from './stages.ts'
import type { AnyDeny, AnyHold, Verdict } from './verdict.ts'

const NUMBER = Object.fromEntries(STAGES.map((stage) => [stage.gate, stage.number])) as { readonly [G in Gate]: number }

/** Verdicts of one request, gate by gate, in the order of the chain: `p` passed, `d` denied, `h` held. */
export class Trace {
  #marks = ''
  #last = 0
  #stopped: AnyDeny | AnyHold | undefined

  /** Records the verdict of a gate and hands it back. Recording out of order, or after a stop, is a bug and throws. */
  at<G extends Gate, V extends Verdict<NoInfer<G>, unknown>>(gate: G, verdict: V): V {
    const number = NUMBER[gate]
    if (this.#stopped !== undefined || number <= this.#last) throw new Error(`trace: ${gate} recorded out of order`)
    this.#last = number
    if (verdict.kind === 'pass') {
      this.#marks += 'p'
      return verdict
    }
    this.#marks += verdict.kind === 'deny' ? 'd' : 'h'
    this.#stopped = verdict as unknown as AnyDeny | AnyHold
    return verdict
  }

  /** Where the chain stopped, if it did. */
  get stopped(): AnyDeny | AnyHold | undefined {
    return this.#stopped
  }

  /** One letter a recorded gate, gates 1 and up, for the audit: `ppppd`. */
  toString(): string {
    return this.#marks
  }
}
