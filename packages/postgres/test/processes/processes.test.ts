import { setTimeout as pause } from 'node:timers/promises'
import { verifies } from '@portcullis/test-support'
import { afterAll, beforeAll, expect, inject } from 'vitest'
import { Deployment, Gateway, type Answer } from './processes.ts'
import { Relay } from './relay.ts'
import type { Site } from './site.ts'

/** Each test has tenants of its own, and processes are started once. */
const limits = (more: object): Site['tenants'][string] => ({ limits: { included: 1_000, overage: false, tenantPerMinute: 6_000, principalPerMinute: 6_000, ...more } })
const INCLUDED = 30
const PER_MINUTE = 20
const TENANTS: Site['tenants'] = {
  same: limits({}), approval2: limits({}), approval4: limits({}), quota2: limits({ included: INCLUDED }), quota4: limits({ included: INCLUDED }),
  rate2: limits({ tenantPerMinute: PER_MINUTE }), rate4: limits({ tenantPerMinute: PER_MINUTE }), revoked: limits({}), policy: limits({}), cut: limits({}), paused: limits({ included: 2 }),
}

let deployment: Deployment
let four: readonly [Gateway, Gateway, Gateway, Gateway]
beforeAll(async () => {
  deployment = await Deployment.on(inject('postgres'), TENANTS)
  const start = (): Promise<Gateway> => Gateway.start(deployment.site)
  four = await Promise.all([start(), start(), start(), start()])
})
afterAll(async () => {
  await Promise.all((four ?? []).map((gateway) => gateway[Symbol.asyncDispose]()))
})

const codes = (answers: readonly Answer[]): Readonly<Record<string, number>> => {
  const counted: Record<string, number> = {}
  for (const { code } of answers) counted[code] = (counted[code] ?? 0) + 1
  return counted
}
const dispatches = (tool: string): number => four.reduce((sum, gateway) => sum + gateway.count(new RegExp(`^dispatched ${tool}$`)), 0)

verifies(['EM-02', 'CH-15'], 'TEN-07: whichever of four processes is asked gives the same bytes: lists, denials of every kind, results', async () => {
  const people = Object.fromEntries(['owner', 'operator', 'viewer', 'billing'].map((person) => [person, deployment.token('same', person)])) as Record<string, string>
  const asked: readonly (readonly [string, (gateway: Gateway) => Promise<Answer>])[] = [
    ...Object.entries(people).map(([person, token]) => [`the list of ${person}`, (gateway: Gateway) => gateway.list(token)] as const),
    ['no token', (gateway) => gateway.list(undefined)],
    ['no such customer', (gateway) => gateway.list(people['viewer'], '/mcp/customers/globex')],
    ['no customer', (gateway) => gateway.list(people['operator'], '/mcp')],
    ['no such tool', (gateway) => gateway.call(people['viewer'], 'psa.invented')],
    ['not its role', (gateway) => gateway.call(people['viewer'], 'psa.note', { id: 1, text: 'x' })],
    ['no such field', (gateway) => gateway.call(people['operator'], 'psa.note', { id: 'one' })],
    ['somebody else\'s ticket', (gateway) => gateway.call(people['operator'], 'psa.note', { id: 1 }, '/mcp/customers/globex')],
    ['a result', (gateway) => gateway.call(people['viewer'], 'psa.list')],
    ['a write', (gateway) => gateway.call(people['operator'], 'psa.note', { id: 1, text: 'x' })],
  ]
  const seen: string[] = []
  for (const [what, ask] of asked) {
    const [first, ...others] = await Promise.all(four.map(ask))
    for (const other of others) expect(other.bytes, what).toBe(first!.bytes)
    seen.push(first!.code)
  }
  expect(seen).toEqual(['result', 'result', 'result', 'result', 'token_missing', 'customer_not_found', 'customer_required', '-32602', 'role_forbids', 'input_invalid', 'customer_out_of_scope', 'result', 'result'])
})

for (const processes of [2, 4] as const) {
  const some = (): readonly Gateway[] => four.slice(0, processes)

  verifies(['AP-01', 'CH-10'], `APR-01: an approval asked for in one of ${processes} processes and granted in another is used once, by rivals in all of them`, async () => {
    const tenant = `approval${processes}`
    const [first, second] = some() as [Gateway, Gateway]
    const token = deployment.token(tenant, 'operator')
    const held = await first.call(token, 'psa.wipe', { id: 1 })
    expect(held).toMatchObject({ code: 'approval_required', effect: 'none' })
    expect(await second.call(token, 'psa.wipe', { id: 1 })).toMatchObject({ code: 'approval_pending', approvalId: held.approvalId })
    expect(await second.approve(deployment.token(tenant, 'owner'), held.approvalId)).toBe(200)
    const before = dispatches('wipe')
    const rivals = await Promise.all(some().flatMap((gateway) => Array.from({ length: 6 }, () => gateway.call(token, 'psa.wipe', { id: 1 }))))
    expect(codes(rivals)).toEqual({ result: 1, approval_consumed: 6 * processes - 1 })
    expect(dispatches('wipe') - before).toBe(1)
  })

  verifies(['CH-09', 'quota_exhausted'], `QUO-01: ${processes} processes share what a plan includes, to the last call`, async () => {
    const token = deployment.token(`quota${processes}`, 'viewer')
    const before = dispatches('list')
    const answers = await Promise.all(some().flatMap((gateway) => Array.from({ length: 60 / processes }, () => gateway.call(token, 'psa.list'))))
    expect(codes(answers)).toEqual({ result: INCLUDED, quota_exhausted: 60 - INCLUDED })
    expect(dispatches('list') - before).toBe(INCLUDED)
  })

  verifies(['CH-09', 'ME-03', 'rate_limited'], `QUO-07: ${processes} processes share a rate`, async () => {
    const token = deployment.token(`rate${processes}`, 'viewer')
    const began = performance.now()
    const answers = await Promise.all(some().flatMap((gateway) => Array.from({ length: 60 / processes }, () => gateway.call(token, 'psa.list'))))
    const meanwhile = Math.ceil(((performance.now() - began) / 60_000) * PER_MINUTE)
    const { result = 0, rate_limited: limited = 0 } = codes(answers)
    expect(result + limited).toBe(60)
    expect(result).toBeGreaterThanOrEqual(PER_MINUTE)
    expect(result).toBeLessThanOrEqual(PER_MINUTE + meanwhile)
  })
}

verifies(['ID-06', 'credential_revoked'], 'AUT-15: a token ended in one process is refused in the others: a call at once, everything else within 10 s', async () => {
  const [first, ...others] = four
  const token = await deployment.botToken('revoked', first)
  for (const gateway of others) expect((await gateway.list(token)).code).toBe('result')
  const changed = others.map((gateway) => gateway.count(/^changed revoked$/))
  const began = performance.now()
  await first.command('revoke revoked {"kind":"principal","id":"bot"}')
  await Promise.all(others.map((gateway, index) => gateway.said(/^changed revoked$/, changed[index]! + 1)))
  for (const gateway of others) expect(await gateway.list(token)).toMatchObject({ status: 401 })
  expect(performance.now() - began).toBeLessThan(10_000)

  const next = await deployment.botToken('revoked', others[0]!)
  for (const gateway of others) expect((await gateway.call(next, 'psa.list')).code).toBe('result')
  const before = dispatches('list')
  await first.command('revoke revoked {"kind":"principal","id":"bot"}')
  for (const gateway of [first, ...others]) expect(await gateway.call(next, 'psa.list')).toMatchObject({ status: 401 })
  expect(dispatches('list')).toBe(before)
})

verifies(['CH-04', 'CH-12', 'audit_unavailable'], 'AUD-07: a process that is cut off from the database makes no call, after 120 s it knows nobody any more, and it recovers; the others go on', async () => {
  const { connection } = deployment.site
  const relay = await Relay.to(connection)
  await using gateway = await Gateway.start({ ...deployment.site, connection: { ...connection, port: relay.port } })
  const token = deployment.token('cut', 'viewer')
  const call = (): Promise<Answer> => gateway.call(token, 'psa.list')
  expect((await call()).code).toBe('result')

  await relay.cut()
  const began = performance.now()
  expect(await call()).toMatchObject({ code: 'audit_unavailable', effect: 'none' })
  expect(performance.now() - began).toBeLessThan(2_500)
  expect((await four[0].call(token, 'psa.list')).code).toBe('result')

  await gateway.command('jump 110000')
  await gateway.said(/^cut off/)
  expect((await call()).code).toBe('audit_unavailable')
  await gateway.command('jump 12000')
  expect(await call()).toMatchObject({ status: 503, code: 'revocation_unknown' })
  expect(gateway.count(/^dispatched/)).toBe(1)

  await relay.mend()
  const compared = gateway.count(/^compared/)
  await gateway.command('jump 2000')
  await gateway.said(/^compared/, compared + 1)
  expect((await call()).code).toBe('result')
  await relay.cut()
})

verifies(['CH-11', 'connector_timeout'], 'APR-13, QUO-04: a process that is stopped between admission and dispatch sends nothing late, and gives quota and approval back', async () => {
  const [first, second] = four
  const token = deployment.token('paused', 'operator')
  const wipe = (gateway: Gateway): Promise<Answer> => gateway.call(token, 'psa.wipe', { id: 1 })
  const { approvalId } = await wipe(first)
  await first.approve(deployment.token('paused', 'owner'), approvalId)
  expect((await second.call(token, 'psa.list')).code).toBe('result') // one call is left
  const before = dispatches('wipe')

  await first.command('stop after the next admission')
  const late = wipe(first)
  await first.said(/^stopping itself/)
  const since = performance.now()
  expect((await second.call(token, 'psa.list')).code).toBe('quota_exhausted')
  await pause(5_500 - (performance.now() - since))
  first.signal('SIGCONT')
  expect(await late).toMatchObject({ code: 'connector_timeout', effect: 'none' })
  expect(dispatches('wipe')).toBe(before)

  expect((await wipe(second)).code).toBe('result')
  expect(dispatches('wipe')).toBe(before + 1)
  expect((await wipe(first)).code).toBe('quota_exhausted')
})

verifies(['CH-04', 'policy_outdated'], 'of processes with different builds only those that know the tenant\'s minimum policy decide', async () => {
  const token = deployment.token('policy', 'viewer')
  for (const gateway of four) expect((await gateway.call(token, 'psa.list')).code).toBe('result')
  const tenants = { ...TENANTS, policy: { ...TENANTS['policy'], minimumPolicy: 2 } }
  await using newer = await Gateway.start({ ...deployment.site, tenants })
  await newer.list(token) // its first request publishes what its world says
  for (const gateway of four) expect(await gateway.call(token, 'psa.list')).toMatchObject({ code: 'policy_outdated', effect: 'none' })
  await using later = await Gateway.start(deployment.site)
  expect((await later.call(token, 'psa.list')).code).toBe('policy_outdated')
  expect((await four[0].call(deployment.token('same', 'viewer'), 'psa.list')).code).toBe('result')
})
