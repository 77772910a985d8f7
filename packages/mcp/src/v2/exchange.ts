import { ProtocolError, ProtocolErrorCode, type ServerContext } from '@modelcontextprotocol/server'
import type { Call, Note } from '@portcullis/core'
import type { Answer, Caller } from '../dispatch.ts'
import { HOST_BROKEN, type Refusal } from '../refusals.ts'

/** One run of the chain for a message: the SDK asks for one, and for one more after each round that it carried to the client itself. */
export type RunChain = (more: Pick<Caller, 'signal' | 'onNote' | 'answers'>) => Promise<Answer>

/** One message on its way through the SDK. The SDK checks headers and envelope, then asks; how a refusal is worded is not its business. */
export class Exchange {
  /** The SDK had nothing against the message. */
  ran = false
  /** The last answer, if it was one. An answer without a stream is replaced by it. */
  refusal: Refusal | undefined
  readonly #run: RunChain
  readonly #progressToken: string | number | undefined

  constructor(run: RunChain, progressToken: string | number | undefined) {
    this.#run = run
    this.#progressToken = progressToken
  }

  async resultFor({ mcpReq }: ServerContext): Promise<object> {
    this.ran = true
    const { inputResponses } = mcpReq
    const state = mcpReq.requestState<unknown>()
    const answers: Call['answers'] = inputResponses === undefined ? undefined : { responses: inputResponses as Readonly<Record<string, unknown>>, state: typeof state === 'string' ? state : undefined }
    this.refusal = undefined
    const answered = await this.#run({ signal: mcpReq.signal, onNote: (note) => void this.#notify(mcpReq, note).catch(() => undefined), answers }).catch(() => HOST_BROKEN)
    switch (answered.kind) {
      case 'result':
        return answered.result
      case 'asked':
        return { resultType: 'input_required', inputRequests: answered.requests, ...(answered.state === undefined ? {} : { requestState: answered.state }) }
      default: {
        this.refusal = answered.kind === 'refusal' ? answered : HOST_BROKEN
        const { code, message, data } = this.refusal.error
        throw new ProtocolError(code, message, data)
      }
    }
  }

  /** Progress goes to whoever gave a token for it; of logs the SDK knows the level that was asked for. */
  async #notify(mcpReq: ServerContext['mcpReq'], note: Note): Promise<void> {
    if (mcpReq.signal.aborted) return // its id may name another request by now
    if (note.kind === 'log') return mcpReq.log(note.level, note.data, note.logger)
    const { kind: _, ...progress } = note
    if (this.#progressToken !== undefined) await mcpReq.notify({ method: 'notifications/progress', params: { progressToken: this.#progressToken, ...progress } })
  }
}

export const noExchange = (): never => {
  throw new ProtocolError(ProtocolErrorCode.InternalError, 'Internal error')
}
