import type { Answer, Caller } from './dispatch.ts'
import type { Turn } from './line.ts'
import { HOST_BROKEN, type Refusal } from './refusals.ts'
import { inRounds } from './rounds.ts'
import { WireError } from './wire-error.ts'

/** One run of the chain for a message, and one more after each round that was carried to the client. */
export type RunChain = (more: Pick<Caller, 'onNote' | 'answers'>) => Promise<Answer>

interface ExchangeOptions {
  /** Ends when the client cancels, or goes away. */
  readonly signal: AbortSignal
  readonly progressToken: string | number | undefined
  /** Whether the client can be asked while it waits; otherwise it answers with the same call. */
  readonly inSession: boolean
}

/** One message on its way through an SDK. The SDK checks headers and envelope, then asks; how a refusal is worded is not its business. */
export class Exchange {
  /** The SDK had nothing against the message. */
  ran = false
  /** The last answer, if it was one. An answer without a stream is replaced by it. */
  refusal: Refusal | undefined
  readonly #run: RunChain
  readonly #options: ExchangeOptions

  constructor(run: RunChain, options: ExchangeOptions) {
    this.#run = run
    this.#options = options
  }

  async resultFor(turn: Turn): Promise<object> {
    this.ran = true
    const answered = await this.#answer(turn).catch(() => HOST_BROKEN)
    if (this.#isOverlooked(turn.signal)) return never()
    switch (answered.kind) {
      case 'result':
        return answered.result
      case 'asked':
        return { resultType: 'input_required', inputRequests: answered.requests, ...(answered.state === undefined ? {} : { requestState: answered.state }) }
      default:
        this.refusal = answered.kind === 'refusal' ? answered : HOST_BROKEN
        throw new WireError(this.refusal)
    }
  }

  /** The same for a handler of an existing server, which is judged where it stands. `given` is the signal of the SDK. */
  async goThrough(given: AbortSignal | undefined, handle: () => Promise<unknown>): Promise<unknown> {
    this.ran = true
    try {
      const result = await handle()
      return this.#isOverlooked(given) ? await never() : result
    } catch (thrown) {
      if (this.#isOverlooked(given)) return never()
      this.refusal = thrown instanceof WireError ? thrown.refusal : HOST_BROKEN
      throw new WireError(this.refusal)
    }
  }

  /** An SDK that overlooked a cancellation would give the answer to the next request of the session with the same id. */
  #isOverlooked(given: AbortSignal | undefined): boolean {
    const { signal, inSession } = this.#options
    return inSession && signal.aborted && given?.aborted !== true
  }

  #answer(turn: Turn): Promise<Answer> {
    const { signal, inSession } = this.#options
    const onNote: Caller['onNote'] = (note) => void this.#notify(turn, note).catch(() => undefined)
    return inSession ? inRounds((answers) => this.#run({ onNote, answers }), (...question) => turn.ask(...question), signal) : this.#run({ onNote })
  }

  /** Progress goes to whoever gave a token for it. */
  async #notify(turn: Turn, note: Parameters<NonNullable<Caller['onNote']>>[0]): Promise<void> {
    const { signal, progressToken } = this.#options
    if (signal.aborted) return // its id may name another request by now
    if (note.kind === 'log') return turn.log(note)
    const { kind: _, ...progress } = note
    if (progressToken !== undefined) await turn.progress({ progressToken, ...progress })
  }
}

/** A new one each time: what waits for it must be forgotten with it. */
const never = (): Promise<never> => new Promise(() => undefined)
