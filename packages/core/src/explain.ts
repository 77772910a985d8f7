import type { Call } from './call.ts'
import { decideArguments, decideOwnership } from './chain/08-arguments.ts'
import { decideQuota } from './chain/09-quota.ts'
import { decideApproval } from './chain/10-approval.ts'
import { STAGES, type Code, type Gate } from './chain/stages.ts'
import { deny, type AnyDeny, type AnyHold } from './chain/verdict.ts'
import { CODES } from './chain/codes.ts'
import { enter, permit } from './enforce.ts'
import { Passage } from './passage.ts'
import { SHED } from './refuse.ts'
import type { Runtime } from './runtime.ts'

export interface ExplanationRow {
  readonly number: number
  readonly gate: Gate
  readonly verdict: 'pass' | 'deny' | 'hold' | 'not_reached'
  readonly code?: Code
  readonly detail?: string
}

/** What each gate says of a call, now: always thirteen rows in the order of the chain. Nothing is consumed, asked or sent. */
export interface Explanation {
  readonly outcome: 'pass' | 'deny' | 'hold'
  readonly stoppedAt?: Gate
  readonly rows: readonly ExplanationRow[]
  /** The rows as text, one line each. */
  toString(): string
}

/** `caller` is safe to show to whoever made the call; `operator` names what the audit names. */
export type View = 'caller' | 'operator'

type Stopped = AnyDeny | AnyHold | undefined

/**
 * Runs gates 1 to 10 without their effects; gates 11 to 13 are never reached. Ownership needs the vendor and is said to be unchecked. An
 * idempotency key is not looked up: the rows say what the call would meet with one that was never used.
 */
export async function explain(runtime: Runtime, call: Call, view: View): Promise<Explanation> {
  const passage = new Passage(runtime, call)
  try {
    const stopped = await judge(passage, false)
    const shed = await recordOnce(runtime, passage, stopped)
    return present(shed ?? stopped, view)
  } catch (fault) {
    runtime.onFault(fault)
    return present(deny('audit', 'audit_unavailable'), view)
  }
}

/** As `explain` for an operator, without a record: of facts that are not in force the log says nothing. */
export async function imagine(runtime: Runtime, call: Call): Promise<Explanation> {
  return present(await judge(new Passage(runtime, call), false), 'operator')
}

/** As `explain`, with the ownership of records really asked for: what a call would meet right now, without the call. */
export async function dryRun(runtime: Runtime, call: Call): Promise<Explanation> {
  const passage = new Passage(runtime, call)
  try {
    const stopped = await judge(passage, true)
    return present((await recordOnce(runtime, passage, stopped)) ?? stopped, 'caller')
  } catch (fault) {
    runtime.onFault(fault)
    return present(deny('audit', 'audit_unavailable'), 'caller')
  }
}

async function judge(passage: Passage, asksVendor: boolean): Promise<Stopped> {
  const { run, call } = passage
  const entered = await enter(run)
  if (entered.kind !== 'pass') return entered
  const permitted = permit(run, entered.proof, call.tool, call.kind)
  if (permitted.kind !== 'pass') return permitted
  const prepared = decideArguments(permitted.proof, await passage.arguments(entered.proof), { idempotencyKey: call.idempotencyKey })
  if (prepared.kind !== 'pass') return prepared
  const { key } = permitted.proof.ready
  const owners = asksVendor ? await passage.owners(prepared.proof) : { kind: 'pass' as const, proof: prepared.proof.claimed.map(() => key) }
  if (owners.kind !== 'pass') return owners
  const owned = decideOwnership(prepared.proof, owners.proof)
  if (owned.kind !== 'pass') return owned
  const reserved = decideQuota(owned.proof, await passage.judge(owned.proof))
  if (reserved.kind !== 'pass') return reserved
  const approved = decideApproval(reserved.proof)
  return approved.kind === 'pass' ? undefined : approved
}

/** Explanations are recorded like refusals: equal ones once a minute, floods shed. */
async function recordOnce(runtime: Runtime, passage: Passage, stopped: Stopped): Promise<AnyDeny | undefined> {
  const { subject } = passage.run
  const { who } = subject
  if (who === undefined) return undefined
  if (!runtime.shedder.take(who.claims.tenant, who.principal.id, who.claims.credential, runtime.clock.now())) return SHED
  const noted = await runtime.refusals.note({ ...subject, claims: who.claims }, 'explanation', stopped, { decision: passage.decisionId })
  return noted === 'shed' ? SHED : undefined
}

function present(stopped: Stopped, view: View): Explanation {
  const at = STAGES.findIndex(({ gate }) => gate === stopped?.gate)
  const last = stopped === undefined ? 10 : at
  const rows = STAGES.slice(1).map(({ number, gate }): ExplanationRow => {
    const broken = stopped?.gate === 'audit' // nobody can tell how far the call would have come
    if ((number < last && !broken) || (number === last && stopped === undefined)) return { number, gate, verdict: 'pass' }
    if (number !== last || stopped === undefined) return { number, gate, verdict: 'not_reached' }
    const told = view === 'operator' || CODES[stopped.code].caller
    return { number, gate, verdict: stopped.kind, ...(told ? { code: stopped.code } : {}), ...(stopped.detail === undefined ? {} : { detail: stopped.detail }) }
  })
  const outcome = stopped === undefined ? 'pass' : stopped.kind
  return { outcome, ...(stopped === undefined ? {} : { stoppedAt: stopped.gate }), rows, toString: () => rows.map(line).join('\n') }
}

const MARKS = { pass: 'ok', deny: 'DENY', hold: 'HOLD', not_reached: '' } as const

const line = ({ number, gate, verdict, code, detail }: ExplanationRow): string =>
  `${String(number).padStart(2)} ${MARKS[verdict].padEnd(4)} ${gate.padEnd(12)} ${verdict === 'not_reached' ? '(not reached)' : [code, detail].filter(Boolean).join(': ')}`.trimEnd()
