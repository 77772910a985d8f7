import { approvalAsk } from './approval-ask.ts'
import { describe, describeAnswers, describeArguments, recordBody } from './record.ts'
import type { Call } from './call.ts'
import type { Snapshotted } from './chain/04-snapshot.ts'
import type { Owned, Prepared } from './chain/08-arguments.ts'
import type { Approved } from './chain/10-approval.ts'
import { registerAdmission, START_WITHIN, takeAdmission } from './chain/11-dispatch.ts'
import type { Recorded } from './chain/12-audit.ts'
import type { Releasable } from './chain/13-respond.ts'
import type { Effect } from './chain/codes.ts'
import { noteGuard } from './connectors/note.ts'
import { targetName } from './connectors/own.ts'
import type { Trace } from './chain/trace.ts'
import { deny, effectOf, type AnyDeny, type AnyHold, type Pass } from './chain/verdict.ts'
import { checkedAnswer } from './dispatching.ts'
import { within } from './deadline.ts'
import { Fault } from './fault.ts'
import { idempotencyOf } from './idempotency-key.ts'
import { requesterOf } from './identity/requester.ts'
import type { AdmissionJudgement } from './ledger/admit.ts'
import type { AdmitAnswer, AdmitItem, CloseAnswer, Idempotency } from './ledger/item.ts'
import { tell, type Outcome } from './outcome.ts'
import type { DispatchAnswer, DispatchContext } from './ports/dispatcher.ts'
import { askOwners, type Owners } from './owners.ts'
import { refuse } from './refuse.ts'
import { outcomeOf } from './release.ts'
import { keep, repeat, type Repeated } from './repeat.ts'
import { openRound, type Resumed } from './secrets/sealed-round.ts'
import { Run } from './run.ts'
import type { Runtime } from './runtime.ts'

/** Time after the deadline in which a completion may still come before the reconciler takes the call (ms). */
const GRACE = 15_000
/** How old a decision may be when it is admitted (ms). */
const DECISION_AGE = 60_000
/** How often a decision is made anew because the facts changed under it. */
const ATTEMPTS = 3

/** The effects of one call, in the order of the durable protocol: nothing is dispatched before its intent is durable, nothing is answered before its outcome is. */
export class Passage {
  readonly call: Call
  readonly decisionId: string
  readonly #runtime: Runtime
  #run: Run
  #stage: 'deciding' | 'admitting' | 'admitted' | 'dispatched' | 'completed' | 'repeating' = 'deciding'
  #answer: DispatchAnswer | undefined
  #idempotency: Idempotency | undefined
  /** The vendor was asked for owners: if nothing is dispatched after all, that asking was for nothing. */
  #asked = false

  constructor(runtime: Runtime, call: Call) {
    this.#runtime = runtime
    this.call = call
    this.decisionId = runtime.ids.next('dec')
    this.#run = new Run(runtime, call)
  }

  get run(): Run {
    return this.#run
  }

  get trace(): Trace {
    return this.#run.trace
  }

  /** Decides on facts of one version; when they changed before the admission, decides again on the new ones. */
  async decide(chain: (passage: Passage) => Promise<Outcome | 'changed'>): Promise<Outcome> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) this.#run = new Run(this.#runtime, this.call)
      this.#stage = 'deciding'
      const outcome = await chain(this)
      if (outcome !== 'changed') return outcome
    }
    return this.refuse(deny('snapshot', 'snapshot_unavailable'))
  }

  /** A resumed call goes through the gates with what was sent when it was held. Somebody else's approval gives nothing: the ledger refuses it. */
  async arguments(base: Snapshotted): Promise<unknown> {
    const { approvalId, tool } = this.call
    if (approvalId === undefined || this.call.arguments !== undefined) return this.call.arguments
    const { place } = base.scope
    const { ledger } = await this.#run.door(place.tenant)
    const approval = await ledger.approval(approvalId)
    return approval !== undefined && approval.requester === requesterOf(place.who.principal) && approval.tool === tool ? JSON.parse(approval.sent) : undefined
  }

  /** The state of a later round, as the client sent it back. */
  resumed(): Resumed {
    const state = this.call.answers?.state
    return state === undefined ? 'none' : openRound(this.#runtime.sealKey, state)
  }

  /** Whose the records are that the call names: asked of the vendor, within what may be asked. */
  owners(prepared: Prepared): Promise<Owners> {
    this.#asked = prepared.claimed.length > 0
    return askOwners(this.#runtime, this.#run, prepared, this.#context(prepared, this.startBy()), (work) => this.#bounded(work))
  }

  /** The latest moment (monotonic, ms) at which what is admitted next may be sent. Taken before the commit, so never too late. */
  startBy(): number {
    return this.#runtime.clock.monotonic() + START_WITHIN
  }

  /** One durable step: authorization re-read, quota reserved, approval consumed, intent appended; or nothing of it. */
  async admit(owned: Owned): Promise<AdmitAnswer> {
    const { known } = owned.prepared.permitted.ready
    const { scope, snapshot } = known.base
    const { ledger } = await this.#run.door(scope.place.tenant)
    const { principal, now } = scope.place.who
    // Asking for owners takes time: what was decided long ago is decided anew, on facts and a token of this moment.
    if (this.#runtime.clock.now() - now > DECISION_AGE) return { kind: 'changed', authorization: snapshot.version }
    this.#idempotency = idempotencyOf(owned, this.#runtime.argumentKey)
    const item: AdmitItem = {
      kind: 'admit', callId: this.decisionId, authorization: snapshot.version, principal: principal.id, limits: snapshot.limits,
      deadlineMs: this.#runtime.callMs + GRACE, job: { instance: known.named.instance.id, tool: known.named.name },
      approval: this.#approval(owned), idempotency: this.#idempotency,
      body: recordBody('call', { call: this.decisionId, gates: this.trace.toString(), ...continued(owned.prepared), ...describe(this.#run.subject), ...describeArguments(owned, this.#runtime.argumentKey), ...describeAnswers(this.call.answers?.responses, this.#runtime.argumentKey), owned: owned.prepared.claimed.map(({ record }) => record) }),
    }
    this.#stage = 'admitting'
    const answer = await this.#durable(ledger.admit(item))
    if (answer.kind === 'changed') this.#runtime.plane.outdated?.(scope.place.tenant, answer.authorization)
    this.#stage = answer.kind === 'admitted' ? 'admitted' : 'deciding'
    if (answer.kind === 'admitted') registerAdmission(answer)
    return answer
  }

  /** The answer of the call that has the key. Nothing is dispatched; a call that was, whatever breaks now, may have taken effect. */
  repeat(repeated: Repeated): Promise<Outcome> {
    this.#stage = 'repeating'
    this.#countAsking()
    if (this.#idempotency === undefined) throw new Fault('port_shape', 'The ledger knows again what has no key.')
    return repeat(this.#runtime, this.#run, this.#idempotency, repeated, this.decisionId)
  }

  /** What admission would decide. Changes nothing. */
  async judge(owned: Owned): Promise<AdmissionJudgement> {
    const { scope, snapshot } = owned.prepared.permitted.ready.known.base
    const { ledger } = await this.#run.door(scope.place.tenant)
    return ledger.judge({ principal: scope.place.who.principal.id, limits: snapshot.limits, approval: this.#approval(owned) })
  }

  #approval(owned: Owned): AdmitItem['approval'] {
    const { risk } = owned.prepared.permitted.ready.known.named.tool
    return risk === 'destructive' ? approvalAsk(owned, this.call.approvalId, this.#runtime.ids.next('apr')) : undefined
  }

  /** Once, for an admission, and never later than 5 s after it. A dispatcher that breaks its word is an unknown outcome. */
  async dispatch(approved: Approved, startBy: number): Promise<DispatchAnswer> {
    takeAdmission(approved)
    this.#stage = 'dispatched'
    if (this.#runtime.clock.monotonic() > startBy) return (this.#answer = { kind: 'not_sent', code: 'connector_timeout' })
    const { prepared } = approved.owned
    const { known, key } = prepared.permitted.ready
    const { reach } = known.base.scope
    const customer = reach.kind === 'customer' && key !== undefined ? { id: reach.customer, key } : undefined
    const { tool } = known.named
    const notes = noteGuard(tool.own !== undefined && reach.kind === 'tenant', this.call.onNote)
    const { answers, askable } = this.call
    // A voter approved the arguments and nothing else: what a client answers never reaches a destructive tool.
    const round = answers === undefined || tool.risk === 'destructive' ? undefined : { responses: answers.responses, state: prepared.round?.state }
    const job = { ...this.#context(prepared, startBy), tool, input: prepared.input, customer, tell: notes.tell, ...(tool.own === undefined ? {} : { round, askable }) }
    this.#answer = checkedAnswer(await this.#bounded(() => this.#runtime.dispatcher.dispatch(job)))
    notes.close()
    return this.#answer
  }

  /** The outcome, durable before the answer leaves. Undefined when nobody can tell whether it is. */
  async complete(verdict: Pass<Releasable> | AnyDeny): Promise<CloseAnswer | undefined> {
    const asks = verdict.kind === 'pass' && verdict.proof.ask !== undefined
    const failed = verdict.kind === 'pass' && verdict.proof.failed
    const status = asks ? 'not_sent' : failed ? 'failed' : statusOf(this.#answer) // a call that asked is counted in the round that ends it
    const said = verdict.kind === 'pass' ? { dropped: verdict.proof.dropped, keyless: verdict.proof.keyless, bytes: verdict.proof.text.length } : { gate: verdict.gate, code: verdict.code, detail: verdict.detail ?? null, security: verdict.security ?? false }
    const body = recordBody('outcome', { call: this.decisionId, gates: this.trace.toString(), status: asks ? 'asked' : status, effect: this.effect(verdict), ...describe(this.#run.subject), ...said })
    try {
      const { ledger } = await this.#run.door(this.#tenant())
      const closed = await ledger.complete({ kind: 'complete', callId: this.decisionId, status, keep: status === 'not_sent' ? undefined : this.#keep(verdict), body })
      this.#stage = 'completed'
      return closed
    } catch (fault) {
      this.#runtime.onFault(fault)
      return undefined
    }
  }

  effect(verdict: Pass<Releasable> | AnyDeny): Effect {
    if (verdict.kind !== 'pass') return effectOf(verdict)
    if (verdict.proof.ask !== undefined) return 'none'
    if (this.#run.subject.known?.named.tool.risk === 'read') return 'none'
    return verdict.proof.failed ? 'unknown' : 'done'
  }

  /** Lets the answer out, now that its record is durable. */
  release(recorded: Recorded<Pass<Releasable> | AnyDeny>): Outcome {
    return outcomeOf(this.#runtime, recorded.answer, this.decisionId)
  }

  /** What is kept for repeats: exactly what is released. */
  #keep(verdict: Pass<Releasable> | AnyDeny): string | undefined {
    return this.#idempotency === undefined ? undefined : keep(this.#runtime, { ...this.#idempotency, tenant: this.#tenant(), callId: this.decisionId }, outcomeOf(this.#runtime, verdict, this.decisionId))
  }

  withhold(stopped: AnyDeny): Outcome {
    return tell(stopped, this.decisionId)
  }

  refuse(stopped: AnyDeny | AnyHold): Promise<Outcome> {
    if (stopped.code === 'shed') {
      this.#runtime.count('shed')
      return Promise.resolve(tell(stopped, this.decisionId))
    }
    this.#countAsking()
    const { tool, kind = 'tool' } = this.call
    const asked = stopped.code === 'tool_unknown' && typeof tool === 'string' ? { asked: targetName(kind, tool).slice(0, 128) } : {}
    return refuse(this.#runtime, this.#run, stopped, this.decisionId, asked)
  }

  #countAsking(): void {
    const { who } = this.#run.subject
    if (this.#asked && who !== undefined) this.#runtime.probes.take(who.claims.tenant, who.principal.id, who.claims.credential, this.#runtime.clock.now())
  }

  /** The one place where faults end. What surely was not dispatched is given back; what may have been stays said. */
  async broken(fault: unknown): Promise<Outcome> {
    this.#runtime.onFault(fault)
    this.#runtime.count('faults')
    if (this.#stage === 'admitting' || this.#stage === 'admitted') void this.#abandon()
    const reads = this.#run.subject.known?.named.tool.risk === 'read'
    const effect = (this.#stage === 'dispatched' || this.#stage === 'repeating') && !reads ? 'unknown' : 'none'
    if (fault instanceof Fault && fault.code === 'audit_unavailable') return tell(deny('audit', 'audit_unavailable', { effect }), this.decisionId)
    return { kind: 'fault', effect, decisionId: this.decisionId }
  }

  /** Behind the admission in the tenant's queue, so that a late commit is undone too. */
  async #abandon(): Promise<void> {
    try {
      const { ledger } = await this.#run.door(this.#tenant())
      await ledger.abandon({ kind: 'abandon', callId: this.decisionId, body: recordBody('abandoned', { call: this.decisionId, ...describe(this.#run.subject) }) })
    } catch (fault) {
      this.#runtime.count('unsettled')
      this.#runtime.onFault(fault)
    }
  }

  #tenant(): string {
    const { who } = this.#run.subject
    if (who === undefined) throw new Fault('not_authenticated', 'The request has no tenant yet.')
    return who.claims.tenant
  }

  #context(prepared: Prepared, startBy: number): DispatchContext {
    const { base, named } = prepared.permitted.ready.known
    const { tenant } = base.scope.place
    const { plane, clock, portMs, callMs } = this.#runtime
    const { instance } = named
    return {
      callId: this.decisionId, tenant, instance: instance.id, connector: instance.connector, settings: instance.settings,
      credential: () => within(clock, portMs, plane.credential(tenant, instance.id, instance.configuration)),
      authorization: { configurationVersion: instance.configuration },
      deadlineMs: callMs, startBy, signal: this.call.signal ?? new AbortController().signal,
    }
  }

  async #bounded(work: () => Promise<unknown>): Promise<unknown> {
    try {
      return await within(this.#runtime.clock, this.#runtime.callMs + 1_000, work())
    } catch (fault) {
      this.#runtime.onFault(fault)
      return { kind: 'unknown', code: fault instanceof Fault && fault.code === 'port_timeout' ? 'connector_timeout' : 'connector_failed' }
    }
  }

  async #durable<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (cause) {
      throw new Fault('audit_unavailable', 'The record could not be made durable.', { cause })
    }
  }
}

/** All rounds of a call name the first one. */
const continued = ({ round }: Prepared): { readonly continues?: string } => (round === undefined ? {} : { continues: round.callId })

const statusOf = (answer: DispatchAnswer | undefined): 'succeeded' | 'failed' | 'unknown' | 'not_sent' => answer?.kind ?? 'unknown'
