import type { World, WorldTenant } from '@portcullis/core'
import type { CallLiteral, RequestLiteral } from '../arbitrary/call.ts'
import type { Weather } from '../arbitrary/step.ts'
import type { Definitions } from '../world/catalogue.ts'
import { withTenant } from '../world/change.ts'
import { answerOf } from './answer.ts'
import { cast, judge, mayVote, requesterOf, selfOf, VOTING, voterOf, type NaiveApproval, type VoteRefused } from './approvals.ts'
import { accept, owned, type Input } from './arguments.ts'
import { no, type Clear, type Expected, type Stopped } from './expected.ts'
import { mayBeKey, NaiveKeys } from './keys.ts'
import { NaiveQuota } from './quota.ts'
import { authenticate, inTenant, isStopped, reach, type Entered, type Person } from './request.ts'
import { known, mayCall, type Found } from './tools.ts'

export interface ExpectedList {
  readonly kind: 'list'
  readonly tools: readonly { readonly name: string; readonly cure?: string }[]
  readonly calls: number
}

interface Prepared {
  readonly entered: Entered
  readonly found: Found
  readonly input: Input
  readonly key: number | undefined
  readonly exact: string
}

/** How an explanation looks: like a call up to gate 10, with the owners of records taken on trust (`explain`) or asked for (`dry`). */
export type Look = 'explain' | 'dry'

/**
 * A second decision function, written from the list of requirements alone: it shares no code with the product, keeps its state in
 * plain lists and is slow on purpose. Where the two differ, one of them misread the requirements.
 */
export class Oracle {
  #world: World
  readonly #definitions: Definitions
  readonly #quota = new NaiveQuota()
  readonly #keys = new NaiveKeys()
  readonly #approvals: NaiveApproval[] = []
  readonly #opened = new Set<string>()
  #latest = -Infinity

  constructor(world: World, definitions: Definitions) {
    this.#world = world
    this.#definitions = definitions
  }

  /** The latest moment that anybody saw: from 30 s before it on, the clock is not believed. */
  get latest(): number {
    return this.#latest
  }

  tenant(id: string): WorldTenant | undefined {
    return this.#world.tenants[id]
  }

  change(id: string, next: WorldTenant): void {
    this.#world = withTenant(this.#world, id, next)
  }

  /** What a call gets, with everything that follows from it. */
  call(call: CallLiteral, now: number, weather: Weather): Expected {
    const prepared = this.#prepare(call, now, weather, true)
    if (isStopped(prepared)) return prepared
    const { entered, found, input, key } = prepared
    const { person } = entered
    const once = found.facts.risk === 'read' ? undefined : call.idempotencyKey
    const earlier = once === undefined ? undefined : this.#keys.again(entered, once, prepared.exact, now)
    if (earlier !== undefined) return earlier
    const stopped = this.#quota.stops(person, now)
    if (stopped !== undefined) return stopped
    const judged = found.facts.risk === 'destructive' ? this.#judge(call, prepared, now) : undefined
    if (judged === 'open') return this.#open(call, prepared, now)
    if (judged !== undefined && isStopped(judged)) {
      if (judged.code === 'approval_stale') this.#retire(call, prepared)
      return judged
    }
    const { sent, expected } = answerOf(entered, found, input, key)
    this.#quota.take(person, now, sent)
    if (judged !== undefined && sent) Object.assign(judged, { state: 'consumed', closedAt: now })
    if (once !== undefined && sent) this.#keys.take(entered, once, prepared.exact, now, expected)
    return expected
  }

  /** What an explanation of the call says. Nothing follows from it. */
  explain(call: CallLiteral, now: number, look: Look): Clear | Stopped {
    const prepared = this.#prepare(call, now, 'clear', look === 'dry')
    if (isStopped(prepared)) return prepared
    const stopped = this.#quota.stops(prepared.entered.person, now)
    if (stopped !== undefined) return stopped
    const judged = prepared.found.facts.risk === 'destructive' ? this.#judge(call, prepared, now) : undefined
    if (judged === 'open') return { kind: 'hold', gate: 'approval', code: 'approval_required', effect: 'none' }
    return judged !== undefined && isStopped(judged) ? judged : { kind: 'clear' }
  }

  list(request: RequestLiteral, now: number, weather: Weather): ExpectedList | Stopped {
    const entered = this.#enter(request, now, weather)
    if (isStopped(entered)) return entered
    const tools = known(entered).flatMap((found) => {
      const stopped = mayCall(entered, found, now, this.#definitions)
      if (stopped === undefined) return [{ name: found.name }]
      return stopped.curable === true ? [{ name: found.name, cure: stopped.code }] : []
    })
    return { kind: 'list', tools: tools.toSorted((a, b) => (a.name < b.name ? -1 : 1)), calls: this.#quota.callsOf(entered.person, now) }
  }

  vote(request: RequestLiteral, approval: number | undefined, decision: 'approve' | 'refuse', now: number): VoteRefused | Stopped | NaiveApproval {
    const voter = this.#authenticate(request, now, 'clear')
    if (isStopped(voter)) return this.#recorded(voter, 'clear')
    const elsewhere = inTenant(voter, request.tenantsNamed ?? [])
    this.#opened.add(voter.tenant)
    if (elsewhere !== undefined) return elsewhere
    const named = approval === undefined ? undefined : this.#approvals[approval]
    const within = named !== undefined && !isStopped(reach(voter, named.customer === undefined ? { kind: 'tenant' } : { kind: 'customer', customer: named.customer }, now))
    const found = within ? named : undefined
    const unseen = mayVote(voter, found, now)
    if (unseen?.code === 'not_found') return unseen
    if ((voter.facts.minimumPolicy ?? 1) > 1) return no('snapshot', 'policy_outdated')
    if (voter.facts.subscription === 'suspended') return no('subscription', 'subscription_suspended')
    return mayVote(voter, found, now) ?? (found === undefined ? undefined : cast(found, voterOf(voter), decision, now)) ?? (found as NaiveApproval)
  }

  #authenticate({ token }: RequestLiteral, now: number, weather: Weather): Person | Stopped {
    const clock = now >= this.#latest - 30_000
    if (clock) this.#latest = Math.max(this.#latest, now)
    return authenticate(this.#world, token, now, { clock, directory: weather !== 'directory_down', fresh: weather !== 'directory_stale' })
  }

  #recorded(stopped: Stopped, weather: Weather): Stopped {
    if (stopped.tenant === undefined) return stopped
    if (weather === 'door_down' && !this.#opened.has(stopped.tenant)) return no('audit', 'audit_unavailable')
    this.#opened.add(stopped.tenant)
    return stopped
  }

  /** Gates 1 to 4. Whoever is known has every refusal recorded, and without a store there is no record. */
  #enter(request: RequestLiteral, now: number, weather: Weather): Entered | Stopped {
    const person = this.#authenticate(request, now, weather)
    if (isStopped(person)) return this.#recorded(person, weather)
    const shut = weather === 'door_down' && !this.#opened.has(person.tenant)
    const entered = inTenant(person, request.tenantsNamed ?? []) ?? reach(person, request.endpoint, now)
    if (isStopped(entered) && shut) return no('audit', 'audit_unavailable')
    this.#opened.add(person.tenant)
    if (isStopped(entered)) return entered
    if (shut) return no('snapshot', 'isolation_unavailable')
    if (weather === 'snapshot_down' || weather === 'versions_apart') return no('snapshot', 'snapshot_unavailable')
    if (weather === 'snapshot_stale') return no('snapshot', 'snapshot_stale')
    return (person.facts.minimumPolicy ?? 1) > 1 ? no('snapshot', 'policy_outdated') : entered
  }

  #prepare(call: CallLiteral, now: number, weather: Weather, asksOwners: boolean): Prepared | Stopped {
    const entered = this.#enter(call, now, weather)
    if (isStopped(entered)) return entered
    const { person, customer } = entered
    const found = known(entered).find(({ name }) => name === call.tool)
    if (found === undefined) return no('snapshot', 'tool_unknown')
    const forbidden = mayCall(entered, found, now, this.#definitions)
    if (forbidden !== undefined) return forbidden
    if (call.idempotencyKey !== undefined && !mayBeKey(call.idempotencyKey)) return no('policy', 'input_invalid')
    const key = customer === undefined ? undefined : (found.instance.mapping[customer] as number)
    const held = this.#named(call, person.tenant)
    const resumed = call.arguments === undefined && held !== undefined && held.requester === requesterOf(person) && held.tool === found.name
    const sent = resumed ? held.sent : call.arguments
    const input = accept(found, sent, key)
    if (input === undefined) return no('policy', 'input_invalid')
    const foreign = asksOwners ? owned(entered, found, input, key) : undefined
    if (foreign !== undefined) return foreign
    const exact = JSON.stringify([person.tenant, customer ?? null, found.instanceId, found.instance.configuration ?? 1, found.name, input, requesterOf(person)])
    return { entered, found, input, key, exact }
  }

  #named({ approval }: CallLiteral, tenant: string): NaiveApproval | undefined {
    const found = typeof approval === 'number' ? this.#approvals[approval] : undefined
    return found?.tenant === tenant ? found : undefined
  }

  #found(call: CallLiteral, { entered, exact }: Prepared): NaiveApproval | undefined {
    return call.approval === undefined ? this.#approvals.findLast((approval) => approval.exact === exact) : this.#named(call, entered.person.tenant)
  }

  #judge(call: CallLiteral, prepared: Prepared, now: number): Stopped | 'open' | NaiveApproval {
    const found = this.#found(call, prepared)
    const judged = judge(found, call.approval !== undefined, prepared.entered.person, prepared.exact, prepared.entered.customer, now)
    return judged !== 'open' && isStopped(judged) && judged.kind === 'hold' && found !== undefined ? { ...judged, approval: this.#approvals.indexOf(found) } : judged
  }

  /** A grant whose approvers may approve no more is over. */
  #retire(call: CallLiteral, prepared: Prepared): void {
    const found = this.#found(call, prepared)
    if (found?.state === 'granted' && found.exact === prepared.exact) found.state = 'stale'
  }

  #open({ arguments: sent }: CallLiteral, { entered, found, exact }: Prepared, now: number): Stopped {
    const { person, customer } = entered
    this.#approvals.push({
      tenant: person.tenant, exact, requester: requesterOf(person), self: selfOf(person), customer, tool: found.name, sent, openedAt: now,
      state: 'pending', expiresAt: now + VOTING, closedAt: -Infinity, approvers: [],
    })
    return { kind: 'hold', gate: 'approval', code: 'approval_required', effect: 'none', approval: this.#approvals.length - 1 }
  }
}
