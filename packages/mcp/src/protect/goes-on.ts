import type { TargetKind, ToolRun } from '@portcullis/core'
import { isPlainObject } from '../message.ts'
import type { TargetClass } from './continuations.ts'

type Fields = Readonly<Record<string, unknown>>

/** The request as it goes on to its handler: with the arguments that were judged, digested and approved, and no others. */
export function requestFor(request: unknown, target: TargetKind, { input }: ToolRun, { tasks }: TargetClass): Fields {
  const given = isPlainObject(request) ? request : {}
  const { task, ...params } = isPlainObject(given['params']) ? given['params'] : {}
  // Gate 8 has made it plain JSON, and a copy of its text is several times cheaper than a structured clone.
  const judged = JSON.parse(JSON.stringify(input)) as Fields
  return { ...given, params: { ...params, ...(tasks && task !== undefined && target === 'tool' ? { task } : {}), ...argumentsFor(target, params, judged) } }
}

function argumentsFor(target: TargetKind, params: Fields, judged: Fields): Fields {
  switch (target) {
    case 'tool': case 'prompt':
      return params['arguments'] === undefined && Object.keys(judged).length === 0 ? {} : { arguments: judged }
    case 'resource': case 'template':
      return { uri: judged['uri'] }
    case 'completion': {
      const { argument: name, value, context } = judged
      return { argument: { name, value }, ...(context === undefined ? {} : { context: { arguments: context } }) }
    }
    case 'task':
      return { taskId: judged['taskId'] }
    case 'subscription':
      return {}
  }
}

/** What a handler answered, as plain JSON. A question of 2026-07-28 becomes the question of the call: its state is sealed on the way out. */
export function answerOf(answered: unknown): unknown {
  const answer = answered === undefined ? {} : (JSON.parse(JSON.stringify(answered)) as unknown)
  if (!isPlainObject(answer) || answer['resultType'] !== 'input_required') return answer
  const { inputRequests, requestState } = answer
  return { resultType: 'input_required', inputRequests, ...(requestState === undefined ? {} : { state: requestState }) }
}
