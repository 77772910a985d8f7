import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Call } from '../../src/call.ts'
import { STAGES } from '../../src/chain/stages.ts'
import type { Explanation, View } from '../../src/explain.ts'
import { Stage, type StageOptions } from '../fixtures/stage.ts'
import { agentToken, tenantOf, tokenOf } from '../fixtures/world.ts'

const withStage = async (work: (stage: Stage) => Promise<void>, options?: StageOptions): Promise<void> => {
  await using stage = await Stage.open(options)
  await work(stage)
}
const ACME = { kind: 'customer', customer: 'acme' } as const
const callOf = (call: Partial<Call> = {}): Call => ({ token: tokenOf('operator'), endpoint: ACME, tool: 'psa.list', arguments: {}, ...call })
const wipe: Partial<Call> = { tool: 'psa.wipe', arguments: { id: 1 } }

/** Thirteen rows in the order of the chain: passed, then at most one that stopped, then none reached. */
function shaped(explanation: Explanation): void {
  expect(explanation.rows.map(({ number, gate }) => [number, gate])).toEqual(STAGES.slice(1).map(({ number, gate }) => [number, gate]))
  expect(explanation.rows.map(({ verdict }) => verdict[0]).join('')).toMatch(/^p*[dh]?n*$/)
  expect(explanation.toString().split('\n')).toHaveLength(13)
  const stopped = explanation.rows.find(({ verdict }) => verdict === 'deny' || verdict === 'hold')
  expect(stopped?.verdict ?? 'pass').toBe(explanation.stoppedAt === 'ingress' ? 'pass' : explanation.outcome)
}

/** Everything that a call may use up, as far as it can be seen. */
const consumed = async (stage: Stage): Promise<unknown> => {
  const log = await stage.log()
  const list = await stage.portcullis.list({ token: tokenOf('operator'), endpoint: ACME })
  return [log.filter(({ kind }) => kind === 'call' || kind === 'outcome' || kind === 'vote').length, list.kind === 'list' && list.calls, stage.vendor.jobs.length]
}

const CASES: readonly [what: string, call: Partial<Call>, options?: StageOptions][] = [
  ['a read that passes', {}], ['no token', { token: undefined }], ['junk', { token: 'junk' }], ['another tenant named', { tenantsNamed: ['south'] }], ['a malformed customer', { endpoint: { kind: 'customer', customer: ' ' } }],
  ['an invented customer', { endpoint: { kind: 'customer', customer: 'nobody' } }], ['no customer', { endpoint: { kind: 'plain' } }], ['an unknown tool', { tool: 'no.such' }], ['a tool of another customer', { tool: 'rmm.hosts' }],
  ['a suspended subscription', {}, { north: { ...tenantOf('north'), subscription: 'suspended' } }], ['no entitlement', {}, { north: { ...tenantOf('north'), entitlements: {} } }],
  ['no key for the customer', { endpoint: { kind: 'customer', customer: 'umbrella' } }], ['a role that may not', { token: tokenOf('acme_viewer'), ...wipe }], ['a tool for the tenant', { tool: 'psa.report' }],
  ['a sensitive tool of an old sign-in', { tool: 'psa.secretive', token: tokenOf('operator', { signedIn: null }) }], ['bad arguments', { tool: 'psa.note', arguments: { id: 'x' } }], ['a destructive call', wipe],
  ['an empty quota', {}, { north: { ...tenantOf('north'), limits: { included: 0 } } }],
]

describe('explain', () => {
  for (const [what, call, options] of CASES) {
    verifies('CH-17', `${what}: thirteen rows that say what the call then meets, and nothing is consumed`, () => withStage(async (stage) => {
      const made = callOf(call)
      const before = await consumed(stage)
      const [caller, operator, dry] = [await stage.portcullis.explain(made, 'caller'), await stage.portcullis.explain(made, 'operator'), await stage.portcullis.dryRun(made)]
      for (const explanation of [caller, operator, dry]) shaped(explanation)
      expect(await consumed(stage)).toEqual(before)
      const outcome = await stage.portcullis.enforce(made)
      if (outcome.kind === 'result') expect(operator.outcome).toBe('pass')
      else expect(operator).toMatchObject({ stoppedAt: 'gate' in outcome ? outcome.gate : '', outcome: outcome.kind === 'hold' ? 'hold' : 'deny' })
      expect(operator.rows.find(({ code }) => code !== undefined)?.code).toBe('code' in outcome ? outcome.code : undefined)
      expect({ ...dry, toString: 0 }).toEqual({ ...caller, toString: 0 })
    }, options))
  }

  verifies(['CH-17', 'CH-15'], 'the caller’s view of an unknown tool is that of an invented one; only the operator is told the code', () => withStage(async (stage) => {
    const views = async (tool: string, view: View): Promise<string> => JSON.stringify(await stage.portcullis.explain(callOf({ tool }), view))
    expect(await views('rmm.hosts', 'caller')).toBe(await views('no.such', 'caller'))
    expect(await views('rmm.hosts', 'caller')).not.toContain('tool_unknown')
    expect(await views('rmm.hosts', 'operator')).toContain('tool_unknown')
  }))

  verifies('CH-17', 'a dry run asks the vendor who owns the records; an explanation does not', () => withStage(async (stage) => {
    const foreign = callOf({ tool: 'psa.note', arguments: { id: 2 } })
    expect(await stage.portcullis.explain(foreign, 'operator')).toMatchObject({ outcome: 'pass' })
    expect(stage.vendor.asked).toHaveLength(0)
    expect(await stage.portcullis.dryRun(foreign)).toMatchObject({ outcome: 'deny', stoppedAt: 'policy' })
    expect(stage.vendor.asked).toHaveLength(1)
    expect(stage.vendor.jobs).toEqual([])
  }))

  verifies(['CH-17', 'AP-01'], 'a granted approval is seen and not used', () => withStage(async (stage) => {
    const held = await stage.portcullis.enforce(callOf(wipe))
    const id = held.kind === 'hold' ? held.approvalId! : ''
    expect(await stage.portcullis.explain(callOf(wipe), 'caller')).toMatchObject({ outcome: 'hold', stoppedAt: 'approval' })
    await stage.portcullis.approvals.vote({ token: tokenOf('admin') }, id, { decision: 'approve', reason: 'fine' })
    for (let round = 0; round < 3; round++) {
      expect(await stage.portcullis.explain(callOf(wipe), 'caller')).toMatchObject({ outcome: 'pass' })
      expect(await stage.portcullis.dryRun(callOf(wipe))).toMatchObject({ outcome: 'pass' })
    }
    expect((await stage.portcullis.enforce(callOf(wipe))).kind).toBe('result')
  }))

  verifies('CH-17', 'an explanation is recorded as one, apart from refusals, and one that breaks claims nothing', () => withStage(async (stage) => {
    await stage.portcullis.explain(callOf({ tool: 'no.such' }), 'caller')
    await stage.portcullis.enforce(callOf({ tool: 'no.such' }))
    expect((await stage.log()).map(({ kind, code }) => [kind, code])).toEqual([['explanation', 'tool_unknown'], ['refusal', 'tool_unknown']])
    stage.storage.trouble = (verb) => (verb === 'judge' || verb === 'note' ? 'throw' : undefined)
    const broken = await stage.portcullis.explain(callOf(), 'operator')
    expect(broken.rows).toHaveLength(13)
    expect(broken.rows.filter(({ verdict }) => verdict !== 'not_reached').map(({ code }) => code)).toEqual(['audit_unavailable'])
  }))
})

describe('simulate', () => {
  verifies('CH-17', 'what a change would do to a call and a list, without making it', () => withStage(async (stage) => {
    const before = await consumed(stage)
    const simulated = await stage.portcullis.simulate({ tenant: 'north', snapshot: (snapshot) => ({ ...snapshot, subscription: 'read_only' }) }, callOf({ tool: 'psa.note', arguments: { id: 1 } }))
    for (const explanation of [simulated.before, simulated.after]) shaped(explanation)
    expect([simulated.before.outcome, simulated.after.stoppedAt]).toEqual(['pass', 'subscription'])
    expect([simulated.hidden, simulated.shown]).toEqual([['psa.lottery', 'psa.note', 'psa.wide', 'psa.wipe'], []])
    expect(await consumed(stage)).toEqual(before)
    expect((await stage.call({ tool: 'psa.note', arguments: { id: 1 } })).kind).toBe('result')
  }))

  verifies('CH-17', 'a change of the directory; and one of another tenant changes nothing here', () => withStage(async (stage) => {
    const disable = (tenant: string) => ({ tenant, directory: (directory: Parameters<NonNullable<Parameters<Stage['portcullis']['simulate']>[0]['directory']>>[0]) => ({ ...directory, bindings: new Map() }) })
    expect((await stage.portcullis.simulate(disable('north'), callOf())).after).toMatchObject({ stoppedAt: 'customer' })
    expect((await stage.portcullis.simulate(disable('south'), callOf())).after).toMatchObject({ outcome: 'pass' })
  }))
})

describe('lists', () => {
  verifies(['CH-15', 'ID-09'], 'whatever is listed is callable through gates 1 to 8, and whatever is callable is listed', () => withStage(async (stage) => {
    const tokens = [...['owner', 'admin', 'billing', 'operator', 'auditor', 'acme_admin', 'acme_operator', 'acme_viewer', 'two'].map((subject) => tokenOf(subject)), agentToken('desk'), agentToken('desk-acme'), agentToken('desk-whole'), await stage.service('bot'), await stage.service('narrowbot')]
    const endpoints = [ACME, { kind: 'customer', customer: 'globex' }, { kind: 'customer', customer: 'umbrella' }, { kind: 'tenant' }, { kind: 'plain' }] as const
    const names = ['psa.list', 'psa.get', 'psa.secretive', 'psa.report', 'psa.overview', 'psa.note', 'psa.wipe', 'psa.wide', 'rmm.hosts', 'no.such']
    let compared = 0
    for (const token of tokens) {
      for (const endpoint of endpoints) {
        const list = await stage.portcullis.list({ token, endpoint })
        for (const tool of names) {
          const outcome = await stage.portcullis.enforce({ token, endpoint, tool, arguments: {} })
          const reached = outcome.kind === 'result' || (outcome.kind !== 'fault' && outcome.kind !== 'asked' && ['input_invalid', 'approval_required', 'approval_pending'].includes(outcome.code)) || (outcome.kind === 'denial' && outcome.gate === 'respond')
          if (list.kind === 'list') expect(list.tools.some(({ name, cure }) => name === tool && cure === undefined), `${tool} ${JSON.stringify(endpoint)} ${JSON.stringify(outcome)}`).toBe(reached)
          else expect(outcome).toMatchObject({ kind: 'denial', code: list.kind === 'denial' ? list.code : '' })
          compared += 1
        }
      }
    }
    expect(compared).toBe(tokens.length * 50)
  }, { more: { shedding: { requests: { principal: 10_000, tenant: 10_000 }, records: { principal: 10_000, tenant: 10_000 } } } }))

  test('AUD-07: a list whose record cannot be written is not given', () => withStage(async (stage) => {
    stage.storage.trouble = (verb) => (verb === 'note' ? 'throw' : undefined)
    expect(await stage.portcullis.list({ token: tokenOf('operator'), endpoint: ACME })).toMatchObject({ kind: 'denial', gate: 'audit', code: 'audit_unavailable', effect: 'none', retryable: true })
    stage.storage.trouble = (verb) => (verb === 'callsOf' ? 'throw' : undefined)
    expect((await stage.portcullis.list({ token: tokenOf('operator'), endpoint: ACME })).kind).toBe('fault')
  }))
})
