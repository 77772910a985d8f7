import type { TargetKind, ToolRun } from '@portcullis/core'
import { isPlainObject } from '../message.ts'
import type { TargetClass } from './continuations.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * The request as it goes on to its handler: with what was judged, digested and approved, and nothing that its client wrote beside it. A
 * gate saw no other member, so a handler that read one would be told something that nobody agreed to.
 */
export function requestFor(request: unknown, target: TargetKind, { input }: ToolRun, { tasks }: TargetClass): Fields {
  const given = isPlainObject(request) ? request : {}
  const params = isPlainObject(given['params']) ? given['params'] : {}
  const meta = knownMeta(params['_meta'])
  const task = tasks && target === 'tool' ? pick(params, ['task']) : {}
  // Gate 8 has made it plain JSON, and a copy of its text is several times cheaper than a structured clone.
  const judged = JSON.parse(JSON.stringify(input)) as Fields
  return { ...pick(given, ['jsonrpc', 'id', 'method']), params: { ...argumentsFor(target, params, judged), ...task, ...(meta === undefined ? {} : { _meta: meta }) } }
}

/** Of what a client says beside its request, all that a handler needs: the name of its progress. Undefined where there is none. */
export function knownMeta(meta: unknown): Fields | undefined {
  const known = isPlainObject(meta) ? pick(meta, ['progressToken']) : {}
  return Object.keys(known).length === 0 ? undefined : known
}

const pick = (fields: Fields, names: readonly string[]): Fields => Object.fromEntries(names.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]))

function argumentsFor(target: TargetKind, params: Fields, judged: Fields): Fields {
  switch (target) {
    case 'tool': case 'prompt':
      return { ...pick(params, ['name']), ...(params['arguments'] === undefined && Object.keys(judged).length === 0 ? {} : { arguments: judged }) }
    case 'resource': case 'template':
      return { uri: judged['uri'] }
    case 'completion': {
      const { argument: name, value, context } = judged
      const ref = isPlainObject(params['ref']) ? params['ref'] : {}
      return { ref: pick(ref, ['type', ref['type'] === 'ref/prompt' ? 'name' : 'uri']), argument: { name, value }, ...(context === undefined ? {} : { context: { arguments: context } }) }
    }
    case 'task':
      return { taskId: judged['taskId'] }
    case 'subscription':
      return pick(params, ['uri'])
  }
}

/** What a handler answered, as plain JSON. A question of 2026-07-28 becomes the question of the call: its state is sealed on the way out. */
export function answerOf(answered: unknown): unknown {
  const answer = answered === undefined ? {} : (JSON.parse(JSON.stringify(answered)) as unknown)
  if (!isPlainObject(answer) || answer['resultType'] !== 'input_required') return answer
  const { inputRequests, requestState } = answer
  return { resultType: 'input_required', inputRequests, ...(requestState === undefined ? {} : { state: requestState }) }
}
