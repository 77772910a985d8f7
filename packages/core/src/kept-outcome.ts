import { STAGES } from './chain/stages.ts'
import type { Effect } from './chain/codes.ts'
import type { Denial, Outcome, Released } from './outcome.ts'

/** What a call with an idempotency key is answered again: a result, or a denial that came after its dispatch. */
export type Kept = Released | Denial

/** As text; undefined for what is never kept, because nothing ended with it. */
export const keptText = (outcome: Outcome): string | undefined => (outcome.kind === 'result' || outcome.kind === 'denial' ? JSON.stringify(outcome) : undefined)

/** The outcome that a text says, under the id of the decision to say it again. Undefined when it says none: what a store gives back is never trusted. */
export function keptOutcome(text: string, callId: string, decisionId: string): Kept | undefined {
  const value = parse(text)
  if (value === undefined || value['decisionId'] !== callId) return undefined
  return isReleased(value) || isDenial(value) ? { ...value, decisionId } : undefined
}

/** Whether anything took effect then. */
export const effectOfKept = (kept: Kept): Effect => (kept.kind === 'result' ? 'done' : kept.effect)

type Fields = Readonly<Record<string, unknown>>

function parse(text: string): Fields | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
  } catch {
    return undefined
  }
}

const onlyHas = (value: Fields, names: readonly string[]): boolean => Object.keys(value).every((name) => names.includes(name))

const isReleased = (value: Fields): value is Fields & Released =>
  value['kind'] === 'result' && typeof value['text'] === 'string' && (value['raw'] === undefined || value['raw'] === true) && onlyHas(value, ['kind', 'text', 'decisionId', 'raw'])

const EFFECTS: ReadonlySet<unknown> = new Set<Effect>(['none', 'done', 'unknown'])
const DENIAL = ['kind', 'gate', 'code', 'message', 'remedy', 'effect', 'retryable', 'retryAfter', 'decisionId']

function isDenial(value: Fields): value is Fields & Denial {
  const { kind, gate, code, message, remedy, effect, retryable, retryAfter } = value
  const named = STAGES.some((stage) => stage.gate === gate && (stage.deny as readonly unknown[]).includes(code))
  const told = typeof message === 'string' && typeof remedy === 'string' && EFFECTS.has(effect) && typeof retryable === 'boolean'
  return kind === 'denial' && named && told && (retryAfter === undefined || Number.isSafeInteger(retryAfter)) && onlyHas(value, DENIAL)
}
