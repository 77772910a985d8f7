import { randomUUID } from 'node:crypto'
import type { AskRequest, Call } from '@portcullis/core'
import type { Answer } from './dispatch.ts'
import { UNANSWERED } from './refusals.ts'

/** How often one call may ask. */
const MOST_ROUNDS = 8
/** People answer (ms). A sealed state lives a little longer. */
const WITHIN = 600_000

/** Sends one question of a request to its client, and waits. */
export type AskClient = (request: AskRequest, signal: AbortSignal, within: number) => Promise<object>

/**
 * In a session the host carries questions to the client and the answers back: each round is a run of the whole chain, with the state that
 * the round before sealed. Whatever goes wrong on the way has one answer, in our words.
 */
export async function inRounds(run: (answers: Call['answers']) => Promise<Answer>, ask: AskClient, signal: AbortSignal): Promise<Answer> {
  let answered = await run(undefined)
  for (let round = 0; answered.kind === 'asked'; round++) {
    const responses = round < MOST_ROUNDS ? await together(answered.requests, ask, signal) : undefined
    if (responses === undefined) return UNANSWERED
    answered = await run({ responses, state: answered.state })
  }
  return answered
}

/** All questions of a round at once; when one has no answer, the others are taken back. */
async function together(requests: Readonly<Record<string, AskRequest>>, ask: AskClient, signal: AbortSignal): Promise<Readonly<Record<string, object>> | undefined> {
  const round = new AbortController()
  const either = AbortSignal.any([signal, round.signal])
  try {
    return Object.fromEntries(await Promise.all(Object.entries(requests).map(async ([key, request]) => [key, await ask(linkable(request), either, WITHIN)] as const)))
  } catch {
    round.abort()
    return undefined
  }
}

/** In 2025-11-25 a link has an id. Nothing refers to ours. */
const linkable = ({ method, params }: AskRequest): AskRequest => (params?.['mode'] === 'url' ? { method, params: { elicitationId: randomUUID(), ...params } } : params === undefined ? { method } : { method, params })
