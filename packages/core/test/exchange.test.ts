import { verifies } from '@portcullis/test-support'
import { expect, test } from 'vitest'
import type { Exchange } from '../src/exchange.ts'
import type { WorldTenant } from '../src/memory/world.ts'
import { Stage } from './fixtures/stage.ts'
import { SECRETS, type ServiceId } from './fixtures/world.ts'

const ask = (stage: Stage, id: ServiceId = 'bot', more: Partial<Exchange> = {}) => stage.portcullis.exchange({ secret: SECRETS.north[id].secret, ...more })
const counters = (stage: Stage) => stage.portcullis.health().counters
const credentials = (stage: Stage, change: object) => stage.account('bot', (before) => (before.kind === 'service' ? { ...before, credentials: before.credentials.map((credential) => ({ ...credential, ...change })) } : before))

type Case = readonly [code: string, error: string, security: boolean, prepare: (stage: Stage) => Promise<unknown>, id: ServiceId, more: Partial<Exchange>]
const cases: readonly Case[] = [
  ['principal_disabled', 'invalid_client', true, (stage) => stage.account('bot', (before) => ({ ...before, disabled: true })), 'bot', {}],
  ['credential_revoked', 'invalid_client', true, (stage) => credentials(stage, { revoked: true }), 'bot', {}],
  ['credential_revoked', 'invalid_client', false, (stage) => credentials(stage, { expiresAt: stage.clock.now() }), 'bot', {}],
  ['tenant_not_active', 'invalid_client', false, (stage) => stage.change('north', (before): WorldTenant => ({ ...before, status: 'provisioning' })), 'bot', {}],
  ['scope_forbids', 'invalid_scope', false, async () => undefined, 'narrowbot', { scopes: ['tool:psa.list', 'tool:psa.wipe'] }],
]

for (const [code, error, security, prepare, id, more] of cases) {
  verifies(['ID-04', 'AU-02'], `the right secret that gets no token leaves a record: ${code}${security ? ', a security event' : ''}`, async () => {
    await using stage = await Stage.open()
    await prepare(stage)
    for (let turn = 0; turn < 3; turn++) expect(await ask(stage, id, more)).toEqual({ kind: 'refused', error })
    const credential = SECRETS.north[id].keyId
    expect(await stage.log()).toEqual([expect.objectContaining({ kind: 'refusal', step: 'note', exchange: true, tenant: 'north', principal: id, credential, token: null, code, security })])
    await stage.clock.advance(60_000)
    expect(await stage.last()).toMatchObject({ kind: 'refusals', of: 0, count: 3 })
    expect(counters(stage)).toMatchObject({ anonymous_refusals: 0, shed: 0, faults: 0 })
    expect(await stage.written()).not.toContain(SECRETS.north[id].secret)
  })
}

verifies('ID-04', 'whoever does not show a right secret is counted, and writes nothing', async () => {
  await using stage = await Stage.open()
  const { secret } = SECRETS.north.bot
  const unknown = secret.replace(/_[0-9A-Za-z]{10}_/, '_0000000000_')
  const requests: readonly Partial<Exchange>[] = [{ secret: unknown }, { secret: '' }, { secret: `${secret}x` }, { customer: '../acme' }, { lifetime: -1 }, { scopes: ['no scope'] }, { scopes: Array.from({ length: 65 }, () => '*') }, { scopes: [7] as never }, { scopes: 'all' as never }]
  for (const request of requests) expect((await ask(stage, 'bot', request)).kind).toBe('refused')
  expect(counters(stage)).toMatchObject({ anonymous_refusals: requests.length, shed: 0, faults: 0 })
  expect(await stage.log()).toEqual([])
})

verifies('CH-18', 'one credential gets thirty tokens a minute, and no flood of records', async () => {
  await using stage = await Stage.open()
  const given = async (times: number): Promise<readonly unknown[]> => {
    const answers = await Promise.all(Array.from({ length: times }, () => ask(stage)))
    return answers.filter(({ kind }) => kind === 'token')
  }
  expect(await given(100)).toHaveLength(30)
  expect(await stage.log()).toHaveLength(30)
  expect(await ask(stage)).toEqual({ kind: 'refused', error: 'temporarily_unavailable' })
  expect(counters(stage)).toMatchObject({ shed: 71, faults: 0 })
  expect((await ask(stage, 'adminbot')).kind).toBe('token')
  await stage.clock.advance(60_000)
  expect(await given(31)).toHaveLength(30)
})

test('CH-18: refusals of many kinds are shed by the request limit too, and counted', async () => {
  await using stage = await Stage.open()
  await stage.account('bot', (before) => ({ ...before, disabled: true }))
  const answers = await Promise.all(Array.from({ length: 700 }, () => ask(stage)))
  expect(answers.filter(({ kind, ...rest }) => kind === 'refused' && JSON.stringify(rest).includes('temporarily_unavailable'))).toHaveLength(100)
  expect(counters(stage)).toMatchObject({ shed: 100 })
  expect(await stage.log()).toHaveLength(1)
})

test('a refusal that cannot be recorded says only that there is nothing now', async () => {
  await using stage = await Stage.open()
  await stage.account('bot', (before) => ({ ...before, disabled: true }))
  stage.storage.trouble = (verb) => (verb === 'note' ? 'throw' : undefined)
  expect(await ask(stage)).toEqual({ kind: 'refused', error: 'temporarily_unavailable' })
  expect(counters(stage)).toMatchObject({ faults: 1 })
})
