import { STAGES, type Explanation, type Outcome, type ToolList } from '@portcullis/core'
import type { Clear, Expected, Stopped } from '../oracle/expected.ts'
import type { ExpectedList } from '../oracle/oracle.ts'

/** Where the product and the oracle differ: both, as JSON. */
export class Difference extends Error {
  constructor(what: string, expected: unknown, actual: unknown) {
    super(`${what}\n  expected ${JSON.stringify(expected)}\n  actual   ${JSON.stringify(actual)}`)
    this.name = 'Difference'
  }
}

export function same(what: string, expected: unknown, actual: unknown): void {
  if (JSON.stringify(expected) !== JSON.stringify(actual)) throw new Difference(what, expected, actual)
}

type Seen = Outcome | ToolList

const plain = ({ kind, gate, code, effect, curable = false }: Pick<Stopped, 'kind' | 'gate' | 'code' | 'effect' | 'curable'>) => ({ kind, gate, code, effect, curable })

/** A denial or hold against the expected one; what the product calls an approval against `approvals`, which learns of new ones. */
export function compareStopped(what: string, expected: Stopped, actual: Seen, approvals: string[]): void {
  if (actual.kind !== 'denial' && actual.kind !== 'hold') throw new Difference(what, expected, actual)
  same(what, plain(expected), plain(actual))
  if (expected.approval === undefined) return
  const id = actual.kind === 'hold' ? actual.approvalId : undefined
  if (expected.code === 'approval_required' && id !== undefined && !approvals.includes(id)) approvals[expected.approval] = id
  same(`${what}: the approval`, approvals[expected.approval], id)
}

export function compareOutcome(expected: Expected, actual: Outcome, approvals: string[]): void {
  if (expected.kind !== 'result') return compareStopped('a call', expected, actual, approvals)
  same('a call', { kind: 'result', value: expected.value }, actual.kind === 'result' ? { kind: 'result', value: JSON.parse(actual.text) } : actual)
}

export function compareList(expected: ExpectedList | Stopped, actual: Seen): void {
  if (expected.kind !== 'list') return compareStopped('a list', expected, actual, [])
  const seen = actual.kind === 'list' ? { kind: 'list', tools: actual.tools.map(({ name, cure }) => ({ name, ...(cure === undefined ? {} : { cure }) })), calls: actual.calls } : actual
  same('a list', expected, seen)
}

/** Thirteen rows: everything before the stop passed, everything after it was not reached. */
export function compareExplanation(expected: Clear | Stopped, actual: Explanation): void {
  const at = expected.kind === 'clear' ? 11 : (STAGES.find(({ gate }) => gate === expected.gate)?.number ?? 0)
  const rows = STAGES.slice(1).map(({ number, gate }) => {
    if (expected.kind !== 'clear' && number === at) return { number, gate, verdict: expected.kind === 'hold' ? 'hold' : 'deny', code: expected.code }
    return { number, gate, verdict: number < at ? 'pass' : 'not_reached' }
  })
  same('an explanation', rows, actual.rows.map(({ number, gate, verdict, code }) => ({ number, gate, verdict, ...(code === undefined ? {} : { code }) })))
}
