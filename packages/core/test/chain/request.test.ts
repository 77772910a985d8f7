import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Call } from '../../src/call.ts'
import type { Code } from '../../src/chain/stages.ts'
import type { Endpoint } from '../../src/tenancy/reach.ts'
import { bytesOf, Stage, type StageOptions } from '../fixtures/stage.ts'
import { refusal, stops } from '../fixtures/stopped.ts'
import { agentToken, tenantOf, tokenOf } from '../fixtures/world.ts'

const withStage = async (work: (stage: Stage) => Promise<void>, options?: StageOptions): Promise<void> => {
  await using stage = await Stage.open(options)
  await work(stage)
}
const AT_2_AND_3 = ['plane.directory', 'ledger.note']
const AT_4 = ['plane.directory', 'plane.snapshot', 'ledger.note']
const at = (customer: unknown): Partial<Call> => ({ endpoint: { kind: 'customer', customer } as Endpoint })
const whole: Partial<Call> = { endpoint: { kind: 'tenant' } }
const plain: Partial<Call> = { endpoint: { kind: 'plain' } }

/** Refused for every name of a tool, known or invented, and for a list, with the same words. */
async function refused(stage: Stage, code: Code, call: Partial<Call>, ports: readonly string[], record: object = {}): Promise<void> {
  const subject = await stops(stage, code, () => stage.call(call), { ports, record: refusal(code, { ...record }), sent: ['psa.list', 'nobody', 'elsewhere'] })
  const { token = stage.token('operator'), endpoint = { kind: 'customer', customer: 'acme' }, tenantsNamed } = call
  expect(bytesOf(await stage.portcullis.list({ token, endpoint, tenantsNamed }))).toBe(bytesOf(subject))
  expect(bytesOf(await stage.call({ ...call, tool: 'psa.wipe', arguments: { id: 1 } }))).toBe(bytesOf(subject))
  expect(bytesOf(await stage.call({ ...call, tool: 'no.such.tool' }))).toBe(bytesOf(subject))
  expect(stage.vendor.jobs).toEqual([])
}

describe('gate 2: tenant', () => {
  verifies(['tenant_mismatch', 'CH-02', 'IS-05'], 'a place of our own that names another tenant: refused and recorded as a crossing, foreign and invented alike', () => withStage(async (stage) => {
    await refused(stage, 'tenant_mismatch', { tenantsNamed: ['south'] }, AT_2_AND_3, { security: true, principal: 'operator', customer: null, tool: null })
    const foreign = await stage.call({ tenantsNamed: ['south'] })
    for (const tenantsNamed of [['nowhere'], ['north', 'south'], ['North'], ['']]) expect(bytesOf(await stage.call({ tenantsNamed }))).toBe(bytesOf(foreign))
    expect((await stage.call({ tenantsNamed: ['north', 'north'] })).kind).toBe('result')
    expect(await stage.log('south')).toEqual([])
  }))

  verifies('tenant_not_active', 'a tenant that is not provisioned yet, or shredded', async () => {
    for (const status of ['provisioning', 'shredded'] as const) {
      await withStage((stage) => refused(stage, 'tenant_not_active', {}, AT_2_AND_3), { north: { ...tenantOf('north'), status } })
    }
  })

  test('TEN-12: a call that began before the tenant was shredded is decided anew and not dispatched', () => withStage(async (stage) => {
    stage.vendor.owned = async () => {
      await stage.change('north', (before) => ({ ...before, status: 'shredded' }))
      return { kind: 'owner', key: 10 }
    }
    expect(await stage.call({ tool: 'psa.note', arguments: { id: 1 } })).toMatchObject({ kind: 'denial', code: 'tenant_not_active' })
    expect(stage.vendor.jobs).toEqual([])
  }))
})

describe('gate 3: customer', () => {
  verifies('customer_invalid', 'an id of the wrong form, before anything is looked up', () => withStage(async (stage) => {
    await refused(stage, 'customer_invalid', at('a b'), AT_2_AND_3)
  }))

  test('CUS-02: whatever is not an id is refused by its form, or is the one refusal', () => withStage(async (stage) => {
    for (const customer of [['acme'], ['acme', 'globex'], { $in: ['acme'] }, 'acme,globex', '*', '', null, 0, true, undefined, Symbol('acme'), () => 'acme', new String('acme')]) {
      expect(await stage.call(at(customer)), String(customer as never)).toMatchObject({ kind: 'denial', code: 'customer_invalid' })
      expect(await stage.call({ ...at(customer), token: tokenOf('acme_operator') })).toMatchObject({ kind: 'denial', code: 'customer_invalid' })
    }
    expect(stage.vendor.jobs).toEqual([])
  }))

  test('CUS-03: an id is compared as it is: no case, no normal form, no trimming', () => withStage(async (stage) => {
    for (const customer of ['ACME', 'Acme', ' acme', 'acme ', 'acme\0', 'ａｃｍｅ', 'acm\u0435', 'ac\u200bme', 'acme\u202e', '%61cme', 'acme%00', 'acme/', '../acme', 'acmé', 'acme\n']) {
      const outcome = await stage.call(at(customer))
      expect(outcome, JSON.stringify(customer)).toMatchObject({ kind: 'denial', gate: 'customer' })
      expect(JSON.stringify(outcome)).not.toContain(customer.trim() === 'acme' ? 'acme' : customer)
    }
    expect(stage.vendor.jobs).toEqual([])
  }))

  verifies(['customer_required', 'CH-03'], 'no customer is chosen for somebody who reaches further than one', () => withStage(async (stage) => {
    await refused(stage, 'customer_required', plain, AT_2_AND_3, { principal: 'operator' })
    for (const subject of ['two', 'owner']) expect(await stage.call({ ...plain, token: tokenOf(subject) })).toMatchObject({ code: 'customer_required' })
    expect(await stage.call({ ...whole, token: tokenOf('two') })).toMatchObject({ code: 'customer_required' })
    expect((await stage.call({ ...plain, token: tokenOf('acme_operator') })).kind).toBe('result')
    await stage.change('north', (before) => ({ ...before, customers: { ...before.customers, globex: { active: false } } }))
    expect((await stage.call({ ...plain, token: tokenOf('two') })).kind).toBe('result') // of two customers one is active
    expect(stage.vendor.jobs.map(({ customer }) => customer?.id)).toEqual(['acme', 'acme'])
  }))

  verifies(['customer_not_found', 'IS-01'], 'foreign, invented, uncovered, disabled and unequal customers: the same bytes', () => withStage(async (stage) => {
    await stage.change('south', (before) => ({ ...before, customers: { ...before.customers, elsewhere: {} } }))
    await refused(stage, 'customer_not_found', at('nobody'), AT_2_AND_3, { security: true })
    const token = tokenOf('acme_operator')
    const invented = bytesOf(await stage.call(at('nobody')))
    const others: readonly Partial<Call>[] = [
      at('elsewhere'), { ...at('globex'), token }, at('shut'), { ...at('elsewhere'), token },
      { ...at('globex'), token: tokenOf('two', { claims: { customer: 'acme' } }) }, { ...plain, token: tokenOf('operator', { claims: { customer: 'nobody' } }) },
      { ...plain, token: tokenOf('acme_operator', { claims: { customer: 'globex' } }) }, { ...whole, token: tokenOf('operator', { claims: { customer: 'acme' } }) },
    ]
    for (const other of others) expect(bytesOf(await stage.call(other))).toBe(invented)
    expect(stage.vendor.jobs).toEqual([])
  }))

  verifies(['IS-01', 'CH-14'], "a foreign and an invented customer leave the same record in the caller's own audit", () => withStage(async (stage) => {
    await stage.change('south', (before) => ({ ...before, customers: { ...before.customers, elsewhere: {} } }))
    const recordOf = async (customer: string): Promise<string> => {
      await stage.call({ ...at(customer), token: tokenOf('operator', { claims: { jti: 'same' } }) })
      await stage.clock.advance(61_000)
      const { seq, at: _, decision: __, ...record } = (await stage.log()).findLast(({ kind }) => kind === 'refusal')!
      expect(seq).toBeGreaterThanOrEqual(0)
      return JSON.stringify(record)
    }
    expect(await recordOf('elsewhere')).toBe(await recordOf('nobody'))
  }))

  verifies(['CH-03', 'ID-09'], 'an agent reaches the whole tenant only when its person granted it, and no other customer than those granted', () => withStage(async (stage) => {
    expect(await stage.call({ ...whole, tool: 'psa.report', token: agentToken('desk') })).toMatchObject({ kind: 'denial', code: 'customer_required' })
    expect(await stage.call({ ...whole, tool: 'psa.report', token: agentToken('desk-acme') })).toMatchObject({ kind: 'denial', code: 'customer_required' })
    expect(stage.vendor.jobs).toEqual([])
    expect((await stage.call({ ...whole, tool: 'psa.report', token: agentToken('desk-whole') })).kind).toBe('result')
    expect((await stage.call({ token: agentToken('desk-acme') })).kind).toBe('result')
    expect(await stage.call({ ...at('globex'), token: agentToken('desk-acme') })).toMatchObject({ code: 'customer_not_found' })
    expect((await stage.call({ ...at('globex'), token: agentToken('desk') })).kind).toBe('result')
  }))

  verifies(['RO-07', 'CH-03'], 'a binding begins and ends to the millisecond', () => withStage(async (stage) => {
    const now = stage.clock.now()
    const bound = (since: number, until: number): Promise<void> => stage.account('acme_operator', (before) => (before.kind === 'agent' ? before : { ...before, bindings: [{ role: 'customer_operator', customer: 'acme', since, until }] }))
    const code = async (): Promise<string> => { const outcome = await stage.call({ token: tokenOf('acme_operator') }); return outcome.kind === 'denial' ? outcome.code : outcome.kind }
    for (const [since, until, expected] of [[now, now + 1, 'result'], [now - 5, now, 'customer_not_found'], [now + 1, now + 5, 'customer_not_found']] as const) {
      await bound(since, until)
      expect(await code()).toBe(expected)
    }
  }))
})

describe('gate 4: snapshot', () => {
  verifies('isolation_unavailable', "the tenant's store cannot be reached: no other is taken", async () => {
    await withStage(async (stage) => {
      stage.storage.unreachable = () => true
      const outcome = await stage.call()
      expect(outcome).toMatchObject({ kind: 'denial', gate: 'audit', code: 'audit_unavailable', effect: 'none' }) // and the refusal cannot be written either
      stage.storage.unreachable = undefined
      let first = true
      stage.storage.unreachable = () => first && !(first = false)
      await refusedOnce(stage, 'isolation_unavailable')
      expect((await stage.call()).kind).toBe('result')
    }, { opened: [] })
  })

  const refusedOnce = (stage: Stage, code: Code): Promise<unknown> => stops(stage, code, () => stage.call(), { ports: ['plane.directory', 'ledger.note'], record: refusal(code) })

  test('TEN-13: while the store of one tenant is away, its calls meet no other store and those of others go on', () => withStage(async (stage) => {
    stage.storage.unreachable = (tenant) => tenant === 'north'
    expect((await stage.call()).kind).toBe('denial')
    expect((await stage.call({ token: tokenOf('operator', { tenant: 'south' }) })).kind).toBe('result')
    expect(stage.vendor.jobs.map(({ tenant }) => tenant)).toEqual(['south'])
    expect(await stage.log('north')).toEqual([])
  }, { opened: [] }))

  verifies(['snapshot_unavailable', 'CH-04'], 'a snapshot that cannot be read, hangs, or is of another version than the directory', () => withStage(async (stage) => {
    stage.altered.snapshot = () => { throw new Error('down') }
    await refused(stage, 'snapshot_unavailable', {}, AT_4, { customer: 'acme' })
    for (const version of [0, 2, NaN, '1'] as number[]) {
      stage.altered.snapshot = (snapshot) => ({ ...snapshot, version })
      stage.ports.length = 0
      expect(await stage.call()).toMatchObject({ code: 'snapshot_unavailable' })
      expect(stage.ports).not.toContain('ledger.admit')
    }
    stage.altered.snapshot = () => new Promise(() => undefined)
    const late = stage.call()
    await stage.clock.advance(5_000)
    expect(await late).toMatchObject({ code: 'snapshot_unavailable' })
  }))

  verifies(['snapshot_stale', 'CH-04'], 'a snapshot older than 120 s', () => withStage(async (stage) => {
    stage.altered.snapshot = (snapshot) => ({ ...snapshot, asOf: stage.clock.now() - 120_000 })
    expect((await stage.call()).kind).toBe('result')
    stage.vendor.jobs.length = 0
    stage.altered.snapshot = (snapshot) => ({ ...snapshot, asOf: stage.clock.now() - 120_001 })
    await refused(stage, 'snapshot_stale', {}, AT_4)
  }))

  verifies('policy_outdated', 'a tenant whose policy this build does not know yet', () => withStage(async (stage) => {
    await refused(stage, 'policy_outdated', {}, AT_4)
  }, { north: { ...tenantOf('north'), minimumPolicy: 2 } }))

  verifies(['tool_unknown', 'CH-15'], 'an unknown tool answers like an invented name, whatever makes it unknown', () => withStage(async (stage) => {
    const stopped = await stops(stage, 'tool_unknown', () => stage.call({ tool: 'rmm.hosts' }), { ports: AT_4, record: refusal('tool_unknown', { tool: null, customer: 'acme' }), sent: ['rmm.hosts'] })
    const invented = bytesOf(await stage.call({ tool: 'no.such.tool' }))
    expect(bytesOf(stopped)).toBe(invented)
    const names = ['rmm.hosts', 'psa', 'list', 'PSA.LIST', 'psa.list ', '__proto__', 'constructor', '', 'x'.repeat(100_000), 7, null, {}, ['psa.list']] as string[]
    for (const tool of names) expect(bytesOf(await stage.call({ tool }))).toBe(invented)
    expect(bytesOf(await stage.call({ token: tokenOf('billing') }))).toBe(invented)
    expect(await stage.call({ ...at('globex'), tool: 'rmm.hosts' })).toMatchObject({ kind: 'result' })
  }))
})
