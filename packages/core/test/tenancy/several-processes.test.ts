import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { createPortcullis } from '../../src/create.ts'
import { memoryStorage } from '../../src/memory/memory-storage.ts'
import type { World } from '../../src/memory/world.ts'
import type { Storage } from '../../src/ports/storage.ts'
import type { Portcullis } from '../../src/portcullis.ts'
import type { Standing } from '../../src/tenancy/standing.ts'
import { ManualClock } from '../fixtures/manual-clock.ts'
import { psa, rmm } from '../fixtures/psa.ts'
import { agentToken, keys, SECRETS, tenantOf, tokenOf, URL_, worldOf } from '../fixtures/world.ts'

/** One store that several deployments share, each through a line of its own that can break or lie. */
class Shared {
  readonly clock = new ManualClock()
  readonly storage = memoryStorage({ clock: this.clock })
  readonly faults: unknown[] = []

  line(): { storage: Storage; line: { answer: (real: () => Promise<ReadonlyMap<string, Standing>>) => Promise<unknown> } } {
    const line = { answer: (real: () => Promise<ReadonlyMap<string, Standing>>): Promise<unknown> => real() }
    const changed = async (known: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, Standing>> => {
      const found = await Promise.all([...known].map(async ([tenant, authorization]) => ({ tenant, authorization, standing: await (await this.storage.tenant(tenant)).standing() })))
      return new Map(found.filter(({ standing, authorization }) => standing.authorization !== authorization).map(({ tenant, standing }) => [tenant, standing]))
    }
    return { line, storage: { tenant: (id) => this.storage.tenant(id), close: async () => undefined, changed: (known) => line.answer(() => changed(known)) as Promise<ReadonlyMap<string, Standing>> } }
  }

  async process(world: World = worldOf()): Promise<{ portcullis: Portcullis; line: ReturnType<Shared['line']>['line'] }> {
    const { storage, line } = this.line()
    const portcullis = await createPortcullis({
      url: URL_, storage, keys, connectors: [psa, rmm], world, clock: this.clock, warn: (_, fault) => fault !== undefined && this.faults.push(fault),
      dispatcher: { dispatch: async () => ({ kind: 'succeeded', value: { tickets: [], total: 0 } }), owner: async () => ({ kind: 'owner', key: 10 }) },
    })
    return { portcullis, line }
  }

  token(subject = 'operator'): string {
    return tokenOf(subject, { now: this.clock.now() })
  }
}

const ACME = { endpoint: { kind: 'customer', customer: 'acme' } } as const
const call = (portcullis: Portcullis, token: string) => portcullis.enforce({ token, ...ACME, tool: 'psa.list', arguments: {} })
const service = async (portcullis: Portcullis): Promise<string> => {
  const exchanged = await portcullis.exchange({ secret: SECRETS.north.bot.secret, lifetime: 3_600 })
  if (exchanged.kind !== 'token') throw new Error(exchanged.error)
  return exchanged.token
}

for (const holder of [{ kind: 'tenant' }, { kind: 'principal', id: 'bot' }, { kind: 'credential', id: SECRETS.north.bot.keyId }] as const) {
  verifies(['ID-06', 'ID-03'], `tokens ended in one process (${holder.kind}) are refused in another: at the next admission at once, and for everything else within 2 s`, async () => {
    const shared = new Shared()
    const [one, two] = [await shared.process(), await shared.process()]
    const token = await service(one.portcullis)
    expect((await call(two.portcullis, token)).kind).toBe('result')
    const tools = async () => two.portcullis.list({ token, ...ACME })
    expect((await tools()).kind).toBe('list')

    await one.portcullis.revoke('north', holder)
    expect(await call(one.portcullis, token)).toMatchObject({ gate: 'authenticate', code: 'credential_revoked' })
    expect((await tools()).kind).toBe('list') // nobody has told it yet
    await shared.clock.advance(2_000)
    expect(await tools()).toMatchObject({ code: 'credential_revoked' })
    expect((await call(two.portcullis, await service(two.portcullis))).kind).toBe('result') // a new token holds

    const again = await service(one.portcullis)
    await one.portcullis.revoke('north', holder)
    expect(await call(two.portcullis, again)).toMatchObject({ code: 'credential_revoked' }) // without any time passing
    const records = (await (await shared.storage.tenant('north')).log.read({ from: 0, limit: 1e6 })).map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as { event?: string })
    expect(records.filter(({ event }) => event === 'tokens_ended')).toHaveLength(2)
  })
}

verifies(['ID-06', 'ID-09'], 'a token of another issuer ends with its person, and with the human that its agent acts for', async () => {
  const shared = new Shared()
  const [one, two] = [await shared.process(), await shared.process()]
  const [human, agent] = [shared.token(), agentToken('desk', { now: shared.clock.now() })]
  expect((await call(two.portcullis, human)).kind).toBe('result')
  expect((await call(two.portcullis, agent)).kind).toBe('result')
  await shared.clock.advance(60_000)
  await one.portcullis.revoke('north', { kind: 'principal', id: 'operator' })
  expect(await call(two.portcullis, human)).toMatchObject({ code: 'credential_revoked' })
  expect(await call(two.portcullis, agent)).toMatchObject({ gate: 'authenticate' })
  await shared.clock.advance(60_000)
  expect((await call(two.portcullis, shared.token())).kind).toBe('result') // signed in again
})

verifies(['CH-04', 'snapshot_stale'], 'a process that is cut off answers for 120 s and then refuses; it goes on when the line is back', async () => {
  const shared = new Shared()
  const { portcullis, line } = await shared.process()
  expect((await call(portcullis, shared.token())).kind).toBe('result')
  line.answer = () => Promise.reject(new Error('no route to host'))
  await shared.clock.advance(116_000)
  expect((await call(portcullis, shared.token())).kind).toBe('result')
  await shared.clock.advance(6_000)
  expect(await call(portcullis, shared.token())).toMatchObject({ gate: 'authenticate', code: 'revocation_unknown' })
  for (const answer of [async () => undefined, async () => [], async () => new Map([['north', null]]), async () => new Map([['north', { authorization: 7 }]]), () => new Promise<never>(() => undefined)]) {
    line.answer = answer
    await shared.clock.advance(8_000)
    expect(await call(portcullis, shared.token())).toMatchObject({ code: 'revocation_unknown' })
  }
  line.answer = (real) => real()
  await shared.clock.advance(8_000)
  expect((await call(portcullis, shared.token())).kind).toBe('result')
})

verifies(['CH-04', 'policy_outdated'], 'a build that is older than the minimum policy version is refused in every process, and nobody can lower it', async () => {
  const shared = new Shared()
  const { portcullis } = await shared.process()
  expect((await call(portcullis, shared.token())).kind).toBe('result')
  await shared.process(worldOf({ north: { ...tenantOf('north'), minimumPolicy: 2 } })).then(({ portcullis: newer }) => newer.enforce({ token: shared.token(), ...ACME, tool: 'psa.list' }))
  expect(await call(portcullis, shared.token())).toMatchObject({ gate: 'snapshot', code: 'policy_outdated' })
  const { portcullis: older } = await shared.process()
  expect(await call(older, shared.token())).toMatchObject({ code: 'policy_outdated' })
})

verifies('CH-04', 'of two processes with different facts only the one that published last decides', async () => {
  const shared = new Shared()
  const { portcullis: before } = await shared.process()
  expect((await call(before, shared.token())).kind).toBe('result')
  const { portcullis: after } = await shared.process(worldOf({ north: { ...tenantOf('north'), limits: { included: 5 } } }))
  expect((await call(after, shared.token())).kind).toBe('result')
  expect(await call(before, shared.token())).toMatchObject({ gate: 'authenticate', code: 'revocation_unknown' })
  expect((await call(after, shared.token())).kind).toBe('result')
  expect(shared.faults).toContainEqual(expect.objectContaining({ code: 'facts_superseded' }))
})

test('AUD-08: a store that answers an older standing than before is not believed, and what was known grows old', async () => {
  const shared = new Shared()
  const { portcullis, line } = await shared.process()
  expect((await call(portcullis, shared.token())).kind).toBe('result')
  line.answer = async () => new Map([['north', { authorization: 0, fingerprint: undefined, minimumPolicy: 1, revocations: new Map() }]])
  await shared.clock.advance(130_000)
  expect(await call(portcullis, shared.token())).toMatchObject({ code: 'revocation_unknown' })
  expect(shared.faults).toContainEqual(expect.objectContaining({ code: 'standing_went_back' }))
})

test('clients hear of what another process changed, and nothing is compared once the deployment is closed', async () => {
  const shared = new Shared()
  const [one, two] = [await shared.process(), await shared.process()]
  await call(two.portcullis, shared.token())
  const heard: string[] = []
  two.portcullis.onChange((tenant) => heard.push(tenant))
  await call(one.portcullis, shared.token())
  await one.portcullis.revoke('north', { kind: 'principal', id: 'bot' })
  await shared.clock.advance(2_500)
  expect(heard).toEqual(['north'])
  let asked = 0
  two.line.answer = (real) => {
    asked += 1
    return real()
  }
  await two.portcullis.close()
  await shared.clock.advance(10_000)
  expect(asked).toBe(0)
  await expect(one.portcullis.revoke('nowhere', { kind: 'tenant' })).rejects.toMatchObject({ code: 'tenant_unknown' })
  await expect(one.portcullis.revoke('north', { kind: 'everybody', id: 'x' } as never)).rejects.toMatchObject({ code: 'holder_invalid' })
})
