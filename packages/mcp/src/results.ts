import type { Released } from '@portcullis/core'
import { isPlainObject } from './message.ts'

/** By which a client, a model or a person finds the record of an answer. */
const DECISION = 'dev.portcullis/decision'
const OURS = 'dev.portcullis/'
const OURS_TO_SAY: ReadonlySet<string> = new Set(['ttlMs', 'cacheScope', 'resultType', '_meta'])

/** A result with the id of its decision. */
export function showResult({ text, raw, decisionId }: Released): Record<string, unknown> {
  const value = JSON.parse(text) as Record<string, unknown>
  const _meta = { [DECISION]: decisionId }
  if (raw !== true) return { content: [{ type: 'text', text }], structuredContent: value, _meta }
  // How long an answer may be kept is not its author's to say, nor is anything under our name.
  const result = Object.fromEntries(Object.entries(value).filter(([name]) => !OURS_TO_SAY.has(name)))
  const { _meta: theirs } = value
  const kept = isPlainObject(theirs) ? Object.fromEntries(Object.entries(theirs).filter(([key]) => !key.startsWith(OURS))) : {}
  return { ...result, _meta: { ...kept, ..._meta } }
}
