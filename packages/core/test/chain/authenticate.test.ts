import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Code } from '../../src/chain/stages.ts'
import { Stage, type StageOptions } from '../fixtures/stage.ts'
import { refusal, stops } from '../fixtures/stopped.ts'
import { START } from '../fixtures/manual-clock.ts'
import { agentToken, ISSUERS, tokenOf, SECRETS, type TokenOptions } from '../fixtures/world.ts'

const DIRECTORY = ['plane.directory']
/** Who is not known leaves nothing in any tenant's log, and what is our own trouble neither: it is counted. */
async function refused(stage: Stage, code: Code, token: string | undefined, ports: readonly string[] = []): Promise<void> {
  const before = stage.portcullis.health().counters.anonymous_refusals
  const sent = token === undefined || token === '' ? [] : [token, 'operator', ISSUERS.north.issuer]
  await stops(stage, code, () => stage.call({ token }), { ports, record: false, sent })
  expect(stage.portcullis.health().counters.anonymous_refusals).toBe(before + 1)
  expect(await stage.portcullis.list({ token })).toMatchObject({ kind: 'denial', code })
  expect(stage.vendor.jobs).toEqual([])
}
/** A token that verified and does not hold any more is its tenant's business: recorded once a minute. */
async function turnedAway(stage: Stage, code: Code, token: string): Promise<void> {
  const before = stage.portcullis.health().counters.anonymous_refusals
  await stage.clock.advance(60_000)
  await stops(stage, code, () => stage.call({ token }), { ports: [...DIRECTORY, 'ledger.note'], record: refusal(code, { principalKind: null }), sent: [token, ISSUERS.north.issuer] })
  expect(await stage.portcullis.list({ token })).toMatchObject({ kind: 'denial', code })
  expect(stage.portcullis.health().counters.anonymous_refusals).toBe(before)
  expect(stage.vendor.jobs).toEqual([])
}
const withStage = async (work: (stage: Stage) => Promise<void>, options?: StageOptions): Promise<void> => {
  await using stage = await Stage.open(options)
  await work(stage)
}
const person = (options: TokenOptions = {}): string => tokenOf('operator', options)

describe('gate 1: authenticate', () => {
  verifies(['CH-01', 'token_missing'], 'no token, or an empty one', () => withStage(async (stage) => {
    await refused(stage, 'token_missing', undefined)
    await refused(stage, 'token_missing', '')
  }))

  verifies(['CH-01', 'token_invalid'], 'junk, a signature of somebody else, a person that the directory does not know', () => withStage(async (stage) => {
    await refused(stage, 'token_invalid', 'junk')
    const [head, body] = person().split('.')
    const [, , tail] = person().split('.')
    await refused(stage, 'token_invalid', `${head}.${body}.${tail}`)
    await turnedAway(stage, 'token_invalid', tokenOf('nobody'))
  }))

  verifies(['CH-01', 'token_expired'], 'exactly at its end, also when it was good a moment ago', () => withStage(async (stage) => {
    const token = person()
    expect((await stage.call({ token })).kind).toBe('result')
    await stage.clock.advance(899_999)
    expect((await stage.call({ token })).kind).toBe('result')
    await stage.clock.advance(1)
    stage.vendor.jobs.length = 0
    await refused(stage, 'token_expired', token)
  }))

  verifies('token_wrong_type', 'a token of another type', () => withStage((stage) => refused(stage, 'token_wrong_type', person({ header: { typ: 'JWT' } }))))
  verifies('token_wrong_audience', 'a token for another server', () => withStage((stage) => refused(stage, 'token_wrong_audience', person({ claims: { aud: 'https://mcp.example.org' } }))))
  verifies('issuer_unknown', 'a token of an issuer that nobody registered', () => withStage((stage) => refused(stage, 'issuer_unknown', person({ claims: { iss: 'https://id.north.example.org' } }))))

  verifies(['token_lifetime_exceeded', 'ID-04'], "a person's token lives for 15 minutes at most, whoever signed it; nobody's for more than an hour", () => withStage(async (stage) => {
    const at = START / 1000
    const twice = (seconds: number): string => person({ claims: { exp: at + seconds } })
    expect((await stage.call({ token: twice(900) })).kind).toBe('result')
    stage.vendor.jobs.length = 0
    await turnedAway(stage, 'token_lifetime_exceeded', twice(901))
    await turnedAway(stage, 'token_lifetime_exceeded', agentToken('desk', { claims: { exp: at + 901 } }))
    await refused(stage, 'token_lifetime_exceeded', twice(3_601))
  }))

  verifies(['principal_disabled', 'ID-09'], 'a disabled person, and every agent that acts for them', () => withStage(async (stage) => {
    const [own, through] = [person(), agentToken('desk')]
    for (const token of [own, through]) expect((await stage.call({ token })).kind).toBe('result')
    await stage.account('operator', (before) => ({ ...before, disabled: true }))
    stage.vendor.jobs.length = 0
    await turnedAway(stage, 'principal_disabled', own)
    await turnedAway(stage, 'principal_disabled', through)
  }))

  verifies(['credential_revoked', 'ID-06'], 'tokens issued at or before the revocation end, of people and of their agents; later ones hold', () => withStage(async (stage) => {
    const revokedAt = START - 60_000
    await stage.account('operator', (before) => ({ ...before, revokedAt }))
    for (const make of [person, (options: TokenOptions) => agentToken('desk', options)]) {
      await turnedAway(stage, 'credential_revoked', make({ now: revokedAt }))
      await turnedAway(stage, 'credential_revoked', make({ now: revokedAt + 30_000 })) // clocks of issuers may differ by 30 s
      expect((await stage.call({ token: make({ now: revokedAt + 31_000 }) })).kind).toBe('result')
      stage.vendor.jobs.length = 0
    }
  }))

  verifies(['credential_revoked', 'ID-06'], 'AUT-15: a raised epoch of the account, of the credential or of the tenant ends every own token at once', () => withStage(async (stage) => {
    const token = await stage.service('bot')
    for (const end of [
      () => stage.account('bot', (before) => ({ ...before, epoch: 1 })),
      () => stage.account('bot', (before) => (before.kind === 'service' ? { ...before, epoch: 0, credentials: before.credentials.map((credential) => ({ ...credential, epoch: 1 })) } : before)),
      () => stage.account('bot', (before) => (before.kind === 'service' ? { ...before, credentials: before.credentials.map((credential) => ({ ...credential, epoch: 0, revoked: true })) } : before)),
      () => stage.account('bot', (before) => (before.kind === 'service' ? { ...before, credentials: [] } : before)),
    ]) {
      await end()
      await turnedAway(stage, 'credential_revoked', token)
      await stage.account('bot', (before) => (before.kind === 'service' ? { ...before, epoch: 0, credentials: [{ id: SECRETS.north.bot.keyId, secretHash: `h1:x:${'0'.repeat(64)}`, scopes: ['*'] }] } : before))
      expect((await stage.call({ token })).kind).toBe('result')
      stage.vendor.jobs.length = 0
    }
    await stage.change('north', (before) => ({ ...before, epoch: 1 }))
    await turnedAway(stage, 'credential_revoked', token)
  }))

  verifies(['revocation_unknown', 'CH-04'], 'a directory that cannot be read, comes late, or is older than 120 s, or from the future', () => withStage(async (stage) => {
    stage.altered.directory = () => { throw new Error('down') }
    await refused(stage, 'revocation_unknown', person(), DIRECTORY)
    for (const [age, holds] of [[120_000, true], [120_001, false], [-120_000, true], [-120_001, false], [NaN, false]] as const) {
      stage.altered.directory = (directory) => ({ ...directory, asOf: stage.clock.now() - age })
      if (holds) expect((await stage.call()).kind).toBe('result')
      stage.vendor.jobs.length = 0
      if (!holds) await refused(stage, 'revocation_unknown', person(), DIRECTORY)
    }
    stage.altered.directory = () => new Promise(() => undefined)
    const late = stage.call()
    await stage.clock.advance(5_000)
    expect(await late).toMatchObject({ kind: 'denial', code: 'revocation_unknown' })
  }))

  verifies('clock_unsafe', 'a clock that was set back by more than 30 s: what had expired would live again', () => withStage(async (stage) => {
    const token = person({ now: START - 200_000 })
    expect((await stage.call({ token })).kind).toBe('result')
    stage.clock.set(START - 30_000)
    expect((await stage.call({ token })).kind).toBe('result')
    stage.clock.set(START - 30_001)
    stage.vendor.jobs.length = 0
    await refused(stage, 'clock_unsafe', token, DIRECTORY)
  }))

  test('AUT-14: roles and scopes that a token claims never add to what trusted state says', () => withStage(async (stage) => {
    const claims = { roles: ['tenant_owner', 'tenant_admin'], scope: '*', groups: ['admins'] }
    const viewer = { token: tokenOf('acme_viewer', { claims }), tool: 'psa.note', arguments: { id: 1 } }
    expect(await stage.call(viewer)).toMatchObject({ kind: 'denial', code: 'tool_unknown' }) // claims narrow: none of them is held
    expect(await stage.call({ ...viewer, token: tokenOf('acme_viewer', { claims: { scope: '*' } }) })).toMatchObject({ code: 'role_forbids' })
    expect(await stage.call({ ...viewer, token: tokenOf('acme_viewer', { claims }), endpoint: { kind: 'tenant' } })).toMatchObject({ code: 'customer_required' })
    expect(await stage.call({ token: person({ claims: { roles: ['customer_viewer'] } }) })).toMatchObject({ code: 'tool_unknown' })
  }))

  test('AUT-08 TEN-05: the issuer alone says which tenant; a tenant named in a foreign token is compared and never followed', () => withStage(async (stage) => {
    const token = tokenOf('operator', { tenant: 'south' })
    expect((await stage.call({ token })).kind).toBe('result')
    expect(stage.vendor.jobs.map(({ tenant }) => tenant)).toEqual(['south'])
    expect(await stage.log('north')).toEqual([])
    expect(await stage.call({ token: tokenOf('operator', { tenant: 'south', claims: { tid: 'north' } }) })).toMatchObject({ kind: 'denial', gate: 'tenant', code: 'tenant_mismatch' })
    expect(await stage.log('north')).toEqual([])
    expect(await stage.last('south')).toMatchObject({ code: 'tenant_mismatch', security: true })
  }))

  test('DOS-05: junk that carries the id of a live token costs no lookup, and the live token goes on', () => withStage(async (stage) => {
    const live = person({ claims: { jti: 'live' } })
    expect((await stage.call({ token: live })).kind).toBe('result')
    const [head, body] = live.split('.')
    for (const tail of [Buffer.alloc(64).toString('base64url'), person().split('.')[2]!]) {
      await stops(stage, 'token_invalid', () => stage.call({ token: `${head}.${body}.${tail}` }), { ports: [], record: false })
    }
    expect((await stage.call({ token: live })).kind).toBe('result')
  }))
})
