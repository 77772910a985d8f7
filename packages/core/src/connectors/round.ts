/** What a client says it can be asked while a call runs. Self-reported: no gate reads it. */
export type AskKind = 'elicitation' | 'elicitation_url' | 'sampling' | 'roots'

/** A request to the client, as MCP writes it. */
export interface AskRequest {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list'
  readonly params?: Readonly<Record<string, unknown>>
}

/** A tool's answer that is a question: the client answers, and the call runs again with `state`. */
export interface Ask {
  readonly resultType: 'input_required'
  readonly inputRequests: Readonly<Record<string, AskRequest>>
  readonly state?: unknown
}

/** A later round of a call that asked. A client may answer anything, so `responses` prove nothing; `state` is what the tool gave, unaltered. */
export interface Round {
  readonly responses: Readonly<Record<string, unknown>>
  readonly state?: unknown
}

/** Asks the client, as data: whoever hosts the call knows how. `state` is plain JSON and comes back sealed, to the same caller of the same call only. */
export const ask = (inputRequests: Ask['inputRequests'], state?: unknown): Ask => ({ resultType: 'input_required', inputRequests, ...(state === undefined ? {} : { state }) })

/** What a released answer asks, if it is a question. */
export function asked(result: Readonly<Record<string, unknown>>): Ask | undefined {
  return result['resultType'] === 'input_required' ? (result as unknown as Ask) : undefined
}
