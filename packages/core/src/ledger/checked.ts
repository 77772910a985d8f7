import { STAGES, type Gate } from '../chain/stages.ts'
import { within } from '../deadline.ts'
import { Fault } from '../fault.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ledger } from '../ports/ledger.ts'

interface Watch {
  readonly clock: Clock
  readonly portMs: number
  /** Told of each record. */
  readonly appended: () => void
}

const codesOf = (gate: Gate): ReadonlySet<unknown> => new Set(STAGES.flatMap((stage) => (stage.gate === gate ? [...stage.deny, ...stage.hold] : [])))
const QUOTA = codesOf('quota')
const APPROVAL = codesOf('approval')
const HOLDS = new Set<unknown>(['approval_required', 'approval_pending'])

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

/** What a store may answer, by `kind`. Anything else is a fault: no port result is trusted to have the right shape. */
const SHAPES: Readonly<Record<string, (answer: Readonly<Record<string, unknown>>) => boolean>> = {
  admitted: ({ seq, at }) => isCount(seq) && Number.isFinite(at),
  changed: ({ authorization }) => isCount(authorization),
  duplicate: () => true,
  repeated: ({ callId, answer }) => typeof callId === 'string' && typeof answer === 'string',
  conflict: ({ effect }) => effect === 'none' || effect === 'done' || effect === 'unknown',
  quota: ({ code, retryAfter }) => QUOTA.has(code) && (retryAfter === undefined || isCount(retryAfter)),
  approval: ({ code }) => APPROVAL.has(code) && !HOLDS.has(code),
  held: ({ code, approvalId }) => HOLDS.has(code) && typeof approvalId === 'string',
  open: () => true,
  clear: () => true,
  closed: ({ seq }) => isCount(seq),
  not_open: () => true,
  noted: ({ seq }) => isCount(seq),
  voted: ({ approval }) => typeof approval === 'object' && approval !== null,
  refused: ({ code }) => typeof code === 'string',
}

function checked<A extends { readonly kind: string }>(answer: A, kinds: readonly string[]): A {
  const fits = typeof answer === 'object' && answer !== null && kinds.includes(answer.kind) && SHAPES[answer.kind]?.(answer) === true
  if (!fits) throw new Fault('port_shape', 'The ledger gave an answer of the wrong shape.')
  return answer
}

const JUDGED = ['quota', 'approval', 'held']
const APPENDS = new Set(['admitted', 'held', 'closed', 'noted', 'voted'])

/** A ledger whose answers come in time and in shape, or reject; one that throws rejects too. */
export function checkedLedger(ledger: Ledger, { clock, portMs, appended }: Watch): Ledger {
  const ask = async <A extends { readonly kind: string }>(work: Promise<A>, kinds: readonly string[]): Promise<A> => {
    const answer = checked(await within(clock, portMs, work), kinds)
    if (APPENDS.has(answer.kind)) appended()
    return answer
  }
  return {
    admit: async (item) => ask(ledger.admit(item), ['admitted', 'changed', 'duplicate', 'repeated', 'conflict', ...JUDGED]),
    complete: async (item) => ask(ledger.complete(item), ['closed', 'not_open']),
    abandon: async (item) => ask(ledger.abandon(item), ['closed', 'not_open']),
    reconcile: async (item) => ask(ledger.reconcile(item), ['closed', 'not_open']),
    note: async (item) => ask(ledger.note(item), ['noted']),
    vote: async (item) => ask(ledger.vote(item), ['voted', 'changed', 'refused']),
    judge: async (item) => checked(await within(clock, portMs, ledger.judge(item)), [...JUDGED, 'open', 'clear']),
    recall: async (callId) => within(clock, portMs, ledger.recall(callId)),
    due: async (query) => within(clock, portMs, ledger.due(query)),
    approval: async (id) => within(clock, portMs, ledger.approval(id)),
    callsOf: async (principal) => within(clock, portMs, ledger.callsOf(principal)),
  }
}
