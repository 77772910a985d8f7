import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Call } from '../../src/call.ts'
import { AXES, exposed } from '../../src/connectors/state.ts'
import type { InstanceState } from '../../src/connectors/state.ts'
import type { WorldInstance, WorldTenant } from '../../src/memory/world.ts'
import { CALL_TABLE, ROLES } from '../../src/roles/role.ts'
import { Stage, type StageOptions } from '../fixtures/stage.ts'
import { refusal, stops } from '../fixtures/stopped.ts'
import { agentToken, tenantOf, tokenOf } from '../fixtures/world.ts'

const withStage = async (work: (stage: Stage) => Promise<void>, options?: StageOptions): Promise<void> => {
  await using stage = await Stage.open(options)
  await work(stage)
}
const north = (change: Partial<WorldTenant>): StageOptions => ({ north: { ...tenantOf('north'), ...change } })
const withPsa = (change: Partial<WorldInstance>): StageOptions => {
  const tenant = tenantOf('north')
  return north({ instances: { ...tenant.instances, psa: { ...tenant.instances['psa']!, ...change } } })
}
const PORTS = ['plane.directory', 'plane.snapshot', 'ledger.note']
const note: Partial<Call> = { tool: 'psa.note', arguments: { id: 1 } }
const wipe: Partial<Call> = { tool: 'psa.wipe', arguments: { id: 1 } }
const whole: Partial<Call> = { endpoint: { kind: 'tenant' } }
const listed = async (stage: Stage, call: Partial<Call> = {}): Promise<readonly string[]> => {
  const list = await stage.portcullis.list({ token: call.token ?? stage.token('operator'), endpoint: call.endpoint ?? { kind: 'customer', customer: 'acme' } })
  return list.kind === 'list' ? list.tools.map(({ name }) => name) : []
}
const codeOf = async (stage: Stage, call: Partial<Call>): Promise<string> => {
  const outcome = await stage.call(call)
  return outcome.kind === 'denial' || outcome.kind === 'hold' ? outcome.code : outcome.kind
}

describe('gate 5: subscription', () => {
  verifies(['subscription_suspended', 'CH-05'], 'no tool runs, and none is listed', () => withStage(async (stage) => {
    for (const call of [{}, note, wipe]) await stops(stage, 'subscription_suspended', () => stage.call({ ...call, token: tokenOf('admin') }), { ports: PORTS, record: refusal('subscription_suspended', { tool: call.tool ?? 'psa.list' }) })
    expect(await listed(stage)).toEqual([])
  }, north({ subscription: 'suspended' })))

  verifies(['subscription_read_only', 'CH-05'], 'reads go on; writes and destructive calls do not, not even approved', () => withStage(async (stage) => {
    const held = await stage.call(wipe)
    const id = held.kind === 'hold' ? held.approvalId! : ''
    expect(await stage.portcullis.approvals.vote({ token: tokenOf('admin') }, id, { decision: 'approve', reason: 'fine' })).toMatchObject({ kind: 'approval', state: 'granted' })
    await stage.change('north', (before) => ({ ...before, subscription: 'read_only' }))
    for (const call of [note, wipe]) await stops(stage, 'subscription_read_only', () => stage.call(call), { ports: PORTS, record: refusal('subscription_read_only', { tool: call.tool }) })
    expect(await codeOf(stage, { ...wipe, approvalId: id })).toBe('subscription_read_only')
    expect((await stage.call()).kind).toBe('result')
    expect(await listed(stage)).toEqual(['psa.get', 'psa.list', 'psa.overview', 'psa.secretive'])
  }))

  test('STM-04: a status that is none of the three runs nothing', () => withStage(async (stage) => {
    for (const subscription of ['ACTIVE', '', 'readonly', undefined, null, 1]) {
      stage.altered.snapshot = (snapshot) => ({ ...snapshot, subscription: subscription as 'active' })
      expect(await codeOf(stage, {})).toBe('subscription_suspended')
    }
  }))
})

describe('gate 6: connector', () => {
  verifies(['connector_not_entitled', 'CH-06'], 'also when nothing is said of the connector', async () => {
    for (const entitlements of [{ psa: 'not_entitled' }, {}, { PSA: 'entitled' }] as const) {
      await withStage((stage) => stops(stage, 'connector_not_entitled', () => stage.call(), { ports: PORTS, record: refusal('connector_not_entitled', { tool: 'psa.list', instance: 'psa' }) }).then(() => undefined), north({ entitlements }))
    }
  })
  verifies(['connector_suspended', 'CH-06'], 'reads too', () => withStage(async (stage) => {
    for (const call of [{}, note]) await stops(stage, 'connector_suspended', () => stage.call(call), { ports: PORTS, record: refusal('connector_suspended') })
  }, north({ entitlements: { psa: 'suspended' } })))
})

describe('gate 7: readiness', () => {
  verifies(['instance_customer_mismatch', 'CH-07', 'IS-08'], 'a shared instance without a key for the customer; one of a customer for the whole tenant', () => withStage(async (stage) => {
    await stops(stage, 'instance_customer_mismatch', () => stage.call({ endpoint: { kind: 'customer', customer: 'umbrella' } }), { ports: PORTS, record: refusal('instance_customer_mismatch', { customer: 'umbrella' }) })
    await stops(stage, 'instance_customer_mismatch', () => stage.call({ ...whole, tool: 'rmm.hosts' }), { ports: PORTS, record: refusal('instance_customer_mismatch', { customer: '*' }) })
  }))

  for (const [code, change] of [
    ['instance_not_configured', { state: { configuration: 'in_progress' } }], ['instance_not_configured', { settings: { baseUrl: 7 } }],
    ['instance_unhealthy', { state: { health: 'unknown' } }], ['instance_unhealthy', { state: { health: 'broken' } }],
    ['instance_inactive', { state: { activation: 'inactive' } }], ['instance_inactive', { state: { activation: 'disabled' } }],
    ['tool_changed', { pins: { list: '0'.repeat(64) } }],
  ] as const) {
    verifies([code, 'CH-07'], JSON.stringify(change), () => withStage(async (stage) => {
      await stops(stage, code, () => stage.call(), { ports: PORTS, record: refusal(code, { tool: 'psa.list' }) })
      expect(await listed(stage)).not.toContain('psa.list')
    }, withPsa(change)))
  }

  const states = AXES.entitlement.flatMap((entitlement) => AXES.configuration.flatMap((configuration) => AXES.health.flatMap((health) => AXES.activation.map((activation): InstanceState => ({ entitlement, configuration, health, activation })))))
  verifies(['CO-01', 'CH-15'], 'STM-01: of all 144 states a tool is listed and called in two, and refused at gate 6 or 7 in all others', () => withStage(async (stage) => {
    expect(states).toHaveLength(144)
    for (const state of states) {
      stage.altered.snapshot = (snapshot) => ({
        ...snapshot, entitlements: new Map([['psa', state.entitlement]]),
        tools: new Map([...snapshot.tools].map(([name, tools]) => [name, tools.map((named) => ({ ...named, instance: { ...named.instance, state } }))])),
      })
      stage.vendor.jobs.length = 0
      const outcome = await stage.call()
      expect(outcome.kind === 'result', JSON.stringify(state)).toBe(exposed(state))
      if (outcome.kind === 'denial') expect(['connector', 'readiness']).toContain(outcome.gate)
      expect(stage.vendor.jobs.length).toBe(exposed(state) ? 1 : 0)
      expect((await listed(stage)).includes('psa.list'), JSON.stringify(state)).toBe(exposed(state))
    }
  }))

  test('STM-02: a check that was missed three times, of another configuration, or from the future is no check', () => withStage(async (stage) => {
    const check = (age: number, configuration = 1, everyMs = 60_000): void => {
      stage.altered.snapshot = (snapshot) => ({
        ...snapshot, tools: new Map([...snapshot.tools].map(([name, tools]) => [name, tools.map((named) => ({ ...named, instance: { ...named.instance, check: { at: stage.clock.now() - age, everyMs, configuration } } }))])),
      })
    }
    for (const [age, configuration, everyMs, expected] of [
      [0, 1, 60_000, 'result'], [180_000, 1, 60_000, 'result'], [180_001, 1, 60_000, 'instance_unhealthy'], [0, 2, 60_000, 'instance_unhealthy'],
      [-180_001, 1, 60_000, 'instance_unhealthy'], [NaN, 1, 60_000, 'instance_unhealthy'], [0, 1, NaN, 'instance_unhealthy'],
    ] as const) {
      check(age, configuration, everyMs)
      expect(await codeOf(stage, {}), `${age} ${configuration} ${everyMs}`).toBe(expected)
    }
  }))

  test('STM-03: what changed between list and call, and between decision and admission, decides', () => withStage(async (stage) => {
    expect(await listed(stage)).toContain('psa.note')
    stage.vendor.owned = async () => {
      await stage.change('north', (before) => ({ ...before, entitlements: { psa: 'suspended' } }))
      return { kind: 'owner', key: 10 }
    }
    expect(await codeOf(stage, note)).toBe('connector_suspended')
    expect(stage.vendor.jobs).toEqual([])
    expect((await stage.log()).filter(({ step }) => step === 'intent')).toEqual([])
  }))

  test('STM-05: a tool whose definition differs from the accepted one is withdrawn, others of the instance are not', () => withStage(async (stage) => {
    stage.altered.snapshot = (snapshot) => ({
      ...snapshot, tools: new Map([...snapshot.tools].map(([name, tools]) => [name, tools.map((named) => ({ ...named, tool: name === 'psa.list' ? { ...named.tool, hash: 'f'.repeat(64) } : named.tool, instance: { ...named.instance, pins: new Map([['list', named.tool.hash]]) } }))])),
    })
    expect(await codeOf(stage, {})).toBe('tool_changed')
    expect(await codeOf(stage, { tool: 'psa.get', arguments: { id: 1 } })).toBe('result')
    expect(await listed(stage)).not.toContain('psa.list')
  }))
})

describe('gate 8: policy', () => {
  const PEOPLE = { tenant_owner: 'owner', tenant_admin: 'admin', tenant_billing_admin: 'billing', tenant_operator: 'operator', tenant_auditor: 'auditor', customer_operator: 'acme_operator', customer_viewer: 'acme_viewer' } as const

  verifies(['CH-08', 'role_forbids'], 'role x risk, all of the table; what may be known but not called is not listed', () => withStage(async (stage) => {
    await stops(stage, 'role_forbids', () => stage.call({ ...note, token: tokenOf('acme_viewer') }), { ports: PORTS, record: refusal('role_forbids', { tool: 'psa.note', principal: 'acme_viewer' }) })
    for (const role of ROLES) {
      const token = tokenOf(PEOPLE[role])
      for (const [risk, call, admitted] of [['read', {}, 'result'], ['write', note, 'result'], ['destructive', wipe, /^approval_/]] as const) {
        const expected = CALL_TABLE[role][risk] ? admitted : role === 'tenant_billing_admin' ? 'tool_unknown' : 'role_forbids'
        expect(await codeOf(stage, { ...call, token }), `${role} ${risk}`).toMatch(expected)
        expect((await listed(stage, { token })).includes(call.tool ?? 'psa.list'), `${role} ${risk} listed`).toBe(CALL_TABLE[role][risk])
      }
    }
  }))

  verifies(['tool_scope_mismatch', 'CH-08'], 'a tool for the whole tenant with a customer, and the reverse', () => withStage(async (stage) => {
    await stops(stage, 'tool_scope_mismatch', () => stage.call({ tool: 'psa.report' }), { ports: PORTS, record: refusal('tool_scope_mismatch', { customer: 'acme' }) })
    await stops(stage, 'tool_scope_mismatch', () => stage.call({ ...whole }), { ports: PORTS, record: refusal('tool_scope_mismatch', { customer: '*' }) })
    for (const call of [{ tool: 'psa.overview' }, { ...whole, tool: 'psa.overview' }, { ...whole, tool: 'psa.report' }]) expect(await codeOf(stage, call)).toBe('result')
  }))

  verifies(['scope_forbids', 'CH-08', 'CH-15'], 'what the credential lacks stays unlisted; what only the token lacks is listed with its cure', () => withStage(async (stage) => {
    const token = await stage.service('narrowbot')
    await stops(stage, 'scope_forbids', () => stage.call({ token, tool: 'psa.get', arguments: { id: 1 } }), { ports: PORTS, record: refusal('scope_forbids', { principal: 'narrowbot' }) })
    expect(await codeOf(stage, { token })).toBe('result')
    expect(await listed(stage, { token })).toEqual(['psa.list'])
    expect(await listed(stage, { token: await stage.service('mutebot') })).toEqual([])
    expect(await codeOf(stage, { token: await stage.service('mutebot') })).toBe('scope_forbids')
    const narrow = tokenOf('operator', { claims: { scope: 'tool:psa.get' } })
    expect(await stage.call({ token: narrow })).toMatchObject({ code: 'scope_forbids', scope: 'tool:psa.list', curable: true })
    const list = await stage.portcullis.list({ token: narrow, endpoint: { kind: 'customer', customer: 'acme' } })
    const cures = list.kind === 'list' ? list.tools.map(({ name, cure }) => [name, cure]) : []
    expect(cures).toEqual([['psa.get', undefined], ...['psa.list', 'psa.lottery', 'psa.note', 'psa.overview', 'psa.secretive', 'psa.wide', 'psa.wipe'].map((name) => [name, 'scope_forbids'])])
    expect(await codeOf(stage, { token: tokenOf('operator', { claims: { scope: '' } }) })).toBe('scope_forbids')
  }))

  verifies(['step_up_required', 'CH-08', 'ID-09'], 'SES-03: a second factor of 900 s is fresh, of 901 s is not; none, one factor, and a service account have none', () => withStage(async (stage) => {
    const sensitive = { tool: 'psa.secretive' }
    const now = stage.clock.now()
    const signedIn = (seconds: number | null, claims = {}): Partial<Call> => ({ ...sensitive, token: tokenOf('operator', { now, signedIn: seconds, claims }) })
    for (const [call, expected] of [
      [signedIn(900), 'result'], [signedIn(901), 'step_up_required'], [signedIn(null), 'step_up_required'], [signedIn(10, { amr: ['pwd'] }), 'step_up_required'],
      [signedIn(10, { amr: ['otp'] }), 'step_up_required'], [signedIn(10, { amr: [] }), 'step_up_required'], [signedIn(10, { amr: ['mfa'] }), 'result'],
      [{ ...sensitive, token: agentToken('desk', { signedIn: 900 }) }, 'result'], [{ ...sensitive, token: agentToken('desk', { signedIn: 901 }) }, 'step_up_required'],
    ] as const) expect(await codeOf(stage, call), JSON.stringify(call)).toBe(expected)
    await stops(stage, 'step_up_required', () => stage.call({ ...sensitive, token: tokenOf('two', { signedIn: null }) }), { ports: PORTS, record: refusal('step_up_required', { tool: 'psa.secretive', principal: 'two' }) })
    expect(await listed(stage, { token: tokenOf('operator', { signedIn: null }) })).toContain('psa.secretive') // curable by the caller alone
    const bot = await stage.service('bot')
    expect(await codeOf(stage, { ...sensitive, token: bot })).toBe('step_up_required')
    expect(await listed(stage, { token: bot })).not.toContain('psa.secretive')
  }))

  verifies(['method_unclassified', 'CH-16'], 'a method that nobody classified, after the gates that judge the request', () => withStage(async (stage) => {
    const request = { token: tokenOf('operator'), endpoint: { kind: 'customer', customer: 'acme' } } as const
    stage.ports.length = 0
    expect(await stage.portcullis.unclassified(request)).toMatchObject({ kind: 'denial', gate: 'policy', code: 'method_unclassified', effect: 'none', retryable: false })
    expect(stage.ports).toEqual(PORTS)
    expect(await stage.last()).toMatchObject(refusal('method_unclassified', { principal: 'operator', customer: 'acme' }))
    expect(await stage.portcullis.unclassified({ ...request, endpoint: { kind: 'customer', customer: 'nobody' } })).toMatchObject({ code: 'customer_not_found' })
    expect(await stage.portcullis.unclassified({})).toMatchObject({ code: 'token_missing' })
  }))

  verifies(['input_invalid', 'CH-08'], 'arguments that the schema refuses; nothing of them comes back', () => withStage(async (stage) => {
    const canary = 'c4n4ry-value'
    for (const args of [{ id: canary }, { id: 1.5 }, { [canary]: 1 }, canary, [canary], { id: 1, text: 5, [canary]: canary }, 7, { id: 10n }, { id: 1, at: new Date(0) }]) {
      await stops(stage, 'input_invalid', () => stage.call({ tool: 'psa.note', arguments: args }), { ports: PORTS, record: refusal('input_invalid', { tool: 'psa.note' }), sent: [canary] })
      await stage.clock.advance(61_000)
    }
    expect(await stage.written()).not.toContain(canary)
    expect(await codeOf(stage, { ...wipe, arguments: { id: 1, why: 'x'.repeat(16_384) } })).toBe('input_invalid') // cannot be shown to a voter
    expect(await codeOf(stage, { tool: 'psa.lottery', arguments: { id: 1 } })).toBe('input_invalid') // a default that is drawn anew
    expect(await codeOf(stage, { tool: 'psa.wide', arguments: { ids: Array.from({ length: 51 }, (_, id) => id) } })).toBe('input_invalid')
    expect(stage.vendor.jobs).toEqual([])
  }))

  verifies(['customer_out_of_scope', 'IS-07'], "somebody else's record and an invented one: the same bytes, before the effect, and the asking is recorded", () => withStage(async (stage) => {
    const foreign = await stops(stage, 'customer_out_of_scope', () => stage.call({ tool: 'psa.note', arguments: { id: 2 } }), { ports: ['plane.directory', 'plane.snapshot', 'ledger.note', 'dispatcher.owner', 'ledger.note'], record: refusal('customer_out_of_scope', { security: true }) })
    const invented = await stage.call({ tool: 'psa.note', arguments: { id: 99 } })
    stage.vendor.owned = () => ({ kind: 'failed', failure: 'not_found', sent: false })
    const missing = await stage.call({ tool: 'psa.note', arguments: { id: 98 } })
    for (const other of [invented, missing]) expect({ ...other, decisionId: '' }).toEqual({ ...foreign, decisionId: '' })
    expect((await stage.log()).filter(({ kind }) => kind === 'ownership')).toHaveLength(1)
    await stage.clock.advance(60_000)
    expect((await stage.log()).filter(({ kind }) => kind === 'refusals').map(({ count }) => count)).toEqual([3, 3]) // three askings, three refusals
    expect(stage.vendor.jobs).toEqual([])
  }))
})
