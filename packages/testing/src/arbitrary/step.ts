import fc from 'fast-check'
import type { World } from '@portcullis/core'
import type { Change } from '../world/change.ts'
import { callArbitrary, idempotencyKey, requestArbitrary, type CallLiteral, type RequestLiteral } from './call.ts'
import { MOODS } from '../world/vendor.ts'
import { binding } from './tenant.ts'
import { soundToken } from './token.ts'
import { sometimes, weighted } from './weighted.ts'

/** What is the matter with the ports during one step. */
export type Weather = 'clear' | 'directory_down' | 'directory_stale' | 'snapshot_down' | 'snapshot_stale' | 'versions_apart' | 'door_down'

/** One thing that happens in a history. `again` repeats an earlier call, named or not by the approval that was opened last. */
export type Step =
  | { readonly kind: 'call'; readonly call: CallLiteral; readonly look: 'none' | 'explain' | 'dry'; readonly weather: Weather }
  | { readonly kind: 'again'; readonly of: number; readonly how: 'same' | 'named' | 'bare' }
  | { readonly kind: 'list'; readonly request: RequestLiteral; readonly weather: Weather }
  | { readonly kind: 'vote'; readonly request: RequestLiteral; readonly approval: number | 'invented'; readonly decision: 'approve' | 'refuse' }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'change'; readonly tenant: string; readonly change: Change }

const SECOND = 1000
const MINUTE = 60 * SECOND
const time = fc
  .constantFrom(SECOND, SECOND, 31 * SECOND, 60 * SECOND, 61 * SECOND, 130 * SECOND, 15 * MINUTE, 16 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE, -45 * SECOND)
  .map((ms): Step => ({ kind: 'time', ms }))

const weather = fc.oneof(
  { weight: 24, arbitrary: fc.constant<Weather>('clear') },
  { weight: 1, arbitrary: fc.constantFrom<Weather>('directory_down', 'directory_stale', 'snapshot_down', 'snapshot_stale', 'versions_apart', 'door_down', 'door_down') },
)

const principal = fc.constantFrom('ann', 'bob', 'cat', 'bot', 'ant')
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('subscription' as const), to: fc.constantFrom('active' as const, 'read_only' as const, 'suspended' as const) }),
  fc.record({ kind: fc.constant('entitlement' as const), connector: fc.constantFrom('psa', 'rmm'), to: fc.constantFrom('entitled' as const, 'suspended' as const, 'not_entitled' as const) }),
  fc.record({ kind: fc.constant('disable' as const), principal }),
  fc.record({ kind: fc.constant('revoke' as const), principal }),
  fc.record({ kind: fc.constant('bindings' as const), principal, to: fc.array(binding('tenant_admin'), { maxLength: 2 }) }),
  fc.record({ kind: fc.constant('customer' as const), customer: fc.constantFrom('acme', 'globex'), active: fc.boolean() }),
  fc.record({ kind: fc.constant('configure' as const), instance: fc.constantFrom('psa', 'rmm_acme') }),
  fc.record({ kind: fc.constant('health' as const), instance: fc.constantFrom('psa', 'rmm_acme'), to: fc.constantFrom('healthy' as const, 'degraded' as const, 'broken' as const) }),
  fc.constant({ kind: 'epoch' as const }),
  fc.record({ kind: fc.constant('limits' as const), to: fc.constantFrom({ included: 1, overage: false, principalPerMinute: 60, tenantPerMinute: 60 }, { included: 0, overage: true, principalPerMinute: 2, tenantPerMinute: 60 }) }),
)

/** Mostly somebody who may: a history in which nobody ever approves shows little. */
const vote = (world: World): fc.Arbitrary<Step> =>
  fc
    .record({
      stranger: requestArbitrary(world), tenant: weighted([5, 'north'], [1, 'south']), voter: weighted([5, 'bob'], [2, 'ann'], [2, 'cat'], [1, 'bot'], [1, 'ant']), usual: weighted([4, true], [1, false]), stale: weighted([9, false], [1, true]),
      approval: weighted<number | 'invented'>([8, 0], [3, 1], [1, 'invented']), decision: weighted<'approve' | 'refuse'>([4, 'approve'], [1, 'refuse']),
    })
    .map(({ stranger, tenant, voter, usual, stale, approval, decision }) => ({
      kind: 'vote', approval, decision, request: usual ? { token: { ...soundToken(world, tenant, voter), ...(stale ? { signedInAgo: 901 } : {}) }, endpoint: { kind: 'plain' } } : stranger,
    }))

/** A call that gets as far as the vendor, whatever the vendor then does. */
const visit = (world: World): fc.Arbitrary<Step> =>
  fc
    .record({ who: weighted([2, 'ann'], [1, 'bob']), tool: fc.constantFrom('psa.find_ticket', 'psa.reveal', 'psa.add_ticket', 'notices', 'rmm.list_hosts', 'psa.close_ticket'), wide: fc.boolean(), mood: fc.option(fc.constantFrom(...MOODS), { nil: undefined }), key: sometimes(30, idempotencyKey) })
    .map(({ who, tool, wide, mood, key }) => ({
      kind: 'call', look: 'none', weather: 'clear',
      call: {
        token: soundToken(world, 'north', who), endpoint: wide ? { kind: 'tenant' } : { kind: 'customer', customer: 'acme' }, tool,
        arguments: { ...(tool.endsWith('_ticket') && tool !== 'psa.add_ticket' ? { id: 101 } : {}), ...(mood === undefined ? {} : { mood }) }, ...(key === undefined ? {} : { idempotencyKey: key }),
      },
    }))

/** Any step of a history in this world. */
export const stepArbitrary = (world: World): fc.Arbitrary<Step> => {
  const call = fc.record({ kind: fc.constant('call' as const), call: callArbitrary(world), look: fc.constantFrom('none' as const, 'explain' as const, 'dry' as const), weather })
  return fc.oneof(
    { weight: 10, arbitrary: call },
    { weight: 3, arbitrary: visit(world) },
    { weight: 7, arbitrary: fc.record({ kind: fc.constant('again' as const), of: fc.nat(3), how: fc.constantFrom('same' as const, 'same' as const, 'named' as const, 'bare' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('list' as const), request: requestArbitrary(world), weather }) },
    { weight: 2, arbitrary: vote(world) },
    { weight: 3, arbitrary: time },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('change' as const), tenant: weighted([4, 'north'], [1, 'south']), change }) },
  )
}

/** Between vote and use: anything, but rather that who approved may approve no more. */
const meanwhile: fc.Arbitrary<Change> = fc.oneof(change, fc.constant<Change>({ kind: 'disable', principal: 'bob' }), fc.constant<Change>({ kind: 'bindings', principal: 'bob', to: [] }))

/** What waits for approval has the longest way to go: asked for, voted on, used, and asked for again. */
export const dramaArbitrary = (world: World): fc.Arbitrary<readonly Step[]> => {
  const first = vote(world).map((step): Step => (step.kind === 'vote' ? { ...step, approval: 0 } : step))
  return fc
    .record({
      who: weighted([3, 'ann'], [2, 'bot'], [1, 'ant'], [1, 'cat']), wide: fc.boolean(), sent: callArbitrary(world), tool: weighted([3, 'psa.purge'], [2, 'psa.wipe_ticket'], [1, 'psa.reset_all']),
      between: sometimes(15, stepArbitrary(world)), vote: first, ballots: sometimes(15, first), wait: sometimes(30, time),
      meanwhile: sometimes(20, meanwhile), how: fc.constantFrom('same' as const, 'same' as const, 'named' as const, 'named' as const, 'bare' as const),
      after: sometimes(30, time), twice: fc.boolean(), key: sometimes(25, idempotencyKey), last: stepArbitrary(world),
    })
    .map(({ who, wide, sent, tool: wanted, between, vote: ballot, ballots, wait, meanwhile: event, how, after, twice, key, last }) => {
      const tenantWide = who === 'ann' && (wanted === 'psa.reset_all' || (wide && wanted === 'psa.purge'))
      const tool = wanted === 'psa.reset_all' && !tenantWide ? 'psa.purge' : wanted
      const mood = (sent.arguments as { readonly mood?: unknown } | null)?.mood
      const call: CallLiteral = {
        token: soundToken(world, 'north', who), endpoint: tenantWide ? { kind: 'tenant' } : { kind: 'customer', customer: 'acme' }, tool,
        arguments: { ...(tool === 'psa.wipe_ticket' ? { id: 101 } : {}), ...(mood === undefined ? {} : { mood }) }, ...(key === undefined ? {} : { idempotencyKey: key }),
      }
      const again: Step = { kind: 'again', of: 0, how }
      const opening: Step = { kind: 'call', call, look: 'none', weather: 'clear' }
      const steps: readonly (Step | undefined)[] = [opening, between, ballot, ballots, wait, event === undefined ? undefined : { kind: 'change', tenant: 'north', change: event }, again, after, twice ? { ...again, how: 'same' } : undefined, last]
      return steps.filter((step) => step !== undefined)
    })
}

/** A write that must happen once: sent again, at other times and under other facts, beside other calls and callers with its key. */
export const errandArbitrary = (world: World): fc.Arbitrary<readonly Step[]> => {
  const account = weighted([4, 'ann'], [2, 'bot'], [1, 'bob'], [1, 'cat'])
  const mood = sometimes(50, fc.constantFrom(...MOODS))
  const errand = fc.record({ who: account, tool: fc.constantFrom('psa.close_ticket', 'psa.add_ticket'), mood, key: idempotencyKey }).map(({ who, tool, mood: vendor, key }): CallLiteral => ({
    token: soundToken(world, 'north', who), endpoint: { kind: 'customer', customer: 'acme' }, tool, idempotencyKey: key,
    arguments: { ...(tool === 'psa.close_ticket' ? { id: 101 } : {}), ...(vendor === undefined ? {} : { mood: vendor }) },
  }))
  const calls = (call: CallLiteral): Step => ({ kind: 'call', call, look: 'none', weather: 'clear' })
  return errand.chain((call) => {
    const next: fc.Arbitrary<Step> = fc.oneof(
      { weight: 6, arbitrary: fc.constant<Step>({ kind: 'again', of: 0, how: 'same' }) },
      { weight: 2, arbitrary: fc.constantFrom('hello', 'x').map((note) => calls({ ...call, arguments: { ...(call.arguments as object), note } })) },
      { weight: 1, arbitrary: account.map((who) => calls({ ...call, token: soundToken(world, 'north', who) })) },
      { weight: 1, arbitrary: fc.constant(calls({ ...call, idempotencyKey: 'another' })) },
      { weight: 2, arbitrary: time },
      { weight: 1, arbitrary: change.map((event): Step => ({ kind: 'change', tenant: 'north', change: event })) },
      { weight: 2, arbitrary: stepArbitrary(world) },
    )
    return fc.array(next, { minLength: 2, maxLength: 6 }).map((steps) => [calls(call), ...steps])
  })
}

/** A short history. */
export const historyArbitrary = (world: World): fc.Arbitrary<readonly Step[]> =>
  fc.oneof({ weight: 3, arbitrary: fc.array(stepArbitrary(world), { minLength: 4, maxLength: 7 }) }, { weight: 2, arbitrary: dramaArbitrary(world) }, { weight: 1, arbitrary: errandArbitrary(world) })
