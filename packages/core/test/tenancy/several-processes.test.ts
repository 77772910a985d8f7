import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { createPortcullis } from '../../src/create.ts'
import { memoryStorage } from '../../src/memory/memory-storage.ts'
import type { World } from '../../src/memory/world.ts'
import type { Storage, TenantDoor } from '../../src/ports/storage.ts'
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

  line(): { storage: Storage; line: { answer: (real: () => Promise<ReadonlyMap<string, Standing>>) => Promise<unknown>; door: (real: TenantDoor) => TenantDoor } } {
    const line = { answer: (real: () => Promise<ReadonlyMap<string, Standing>>): Promise<unknown> => real(), door: (real: TenantDoor): TenantDoor => real }
    const changed = async (known: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, Standing>> => {
      const found = await Promise.all([...known].map(async ([tenant, authorization]) => ({ tenant, authorization, standing: await (await this.storage.tenant(tenant)).standing() })))
      return new Map(found.filter(({ standing, authorization }) => standing.authorization !== authorization).map(({ tenant, standing }) => [tenant, standing]))
    }
    return { line, storage: { tenant: async (id) => line.door(await this.storage.tenant(id)), close: async () => undefined, changed: (known) => line.answer(() => changed(known)) as Promise<ReadonlyMap<string, Standing>> } }
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

verifies(['CH-04', 'RO-07'], 'a process that never served a tenant does not put its old facts in the place of newer ones, when somebody asks it at last', async () => {
  const shared = new Shared()
  const { portcullis: old } = await shared.process()
  await shared.clock.advance(7 * 24 * 3_600_000)
  const north = tenantOf('north')
  const { portcullis: newer } = await shared.process(worldOf({ north: { ...north, principals: { ...north.principals, operator: { ...north.principals['operator']!, disabled: true } } } }))
  for (let round = 0; round < 3; round++) {
    expect(await call(newer, shared.token())).toMatchObject({ code: 'principal_disabled' })
    expect(await call(old, shared.token())).toMatchObject({ code: 'revocation_unknown' })
  }
  expect((await call(newer, shared.token('admin'))).kind).toBe('result')
})

test("one tenant's store that lies, or cannot be asked, takes nobody else's standing along", async () => {
  for (const north of ['unknown', { authorization: 7 }, null, 'nonsense']) {
    const shared = new Shared()
    const { portcullis, line } = await shared.process()
    const both = async (): Promise<unknown[]> => [
      await call(portcullis, shared.token()), await portcullis.enforce({ token: tokenOf('operator', { tenant: 'south', now: shared.clock.now() }), ...ACME, tool: 'psa.list', arguments: {} }),
    ]
    expect(await both()).toMatchObject([{ kind: 'result' }, { kind: 'result' }])
    line.answer = async (real) => new Map<string, unknown>([...(await real()), ['north', north]])
    await shared.clock.advance(124_000)
    expect(await both()).toMatchObject([{ code: 'revocation_unknown' }, { kind: 'result' }])
  }
})

test('a publication or a reading that hangs is given up in time, and the next request tries again', async () => {
  for (const verb of ['authorize', 'requirePolicy', 'standing'] as const) {
    const shared = new Shared()
    const { portcullis, line } = await shared.process()
    await call(portcullis, shared.token())
    line.door = (real) => ({ ...real, [verb]: () => new Promise<never>(() => undefined) })
    await shared.clock.advance(600_001) // long enough for its standing to be let go
    await shared.clock.advance(2_000)
    const asked = call(portcullis, shared.token())
    await shared.clock.advance(20_000)
    expect((await asked).kind, verb).toBe(verb === 'standing' ? 'denial' : 'result')
    line.door = (real) => real
    expect((await call(portcullis, shared.token())).kind, verb).toBe('result')
  }
  const shared = new Shared()
  const { storage, line } = shared.line()
  line.door = (real) => ({ ...real, authorize: () => new Promise<never>(() => undefined) })
  const failed = createPortcullis({
    url: URL_, storage, keys, connectors: [psa, rmm], world: worldOf(), clock: shared.clock, warn: () => undefined,
    dispatcher: { dispatch: async () => ({ kind: 'not_sent', code: 'cancelled' }), owner: async () => ({ kind: 'owner', key: 10 }) },
  }).then(() => 'opened', (fault: unknown) => fault)
  await shared.clock.advance(20_000)
  expect(await failed).toMatchObject({ code: 'port_timeout' })
})

test('whoever notices a change first, those who listen hear of it', async () => {
  const shared = new Shared()
  const [one, two] = [await shared.process(), await shared.process()]
  const heard: string[] = []
  for (const [name, { portcullis }] of [['one', one], ['two', two]] as const) portcullis.onChange((tenant) => heard.push(`${name} ${tenant}`))
  await Promise.all([one, two].map(({ portcullis }) => call(portcullis, shared.token())))
  await one.portcullis.revoke('north', { kind: 'principal', id: 'bot' })
  expect(heard).toEqual(['one north'])
  await Promise.all([one, two].map(({ portcullis }) => call(portcullis, shared.token()))) // the other's admission meets the new version
  expect(heard).toEqual(['one north', 'two north'])
  await shared.clock.advance(4_000)
  expect(heard).toEqual(['one north', 'two north'])
  await shared.clock.advance(610_000)
  expect(heard.slice(2).toSorted()).toEqual(['one north', 'two north']) // asked by nobody for ten minutes: from here on nobody would tell
})

test('a standing that was asked for before a change, and arrives after it, is not learned', async () => {
  const shared = new Shared()
  const { portcullis, line } = await shared.process()
  const token = await service(portcullis)
  await shared.clock.advance(610_000)
  const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  line.door = (real) => ({ ...real, standing: async () => {
    const old = await real.standing()
    asked.resolve()
    await released.promise
    return old
  } })
  const slow = portcullis.list({ token, ...ACME })
  await asked.promise
  line.door = (real) => real
  await portcullis.revoke('north', { kind: 'principal', id: 'bot' })
  released.resolve()
  await slow
  expect(await portcullis.list({ token, ...ACME })).toMatchObject({ code: 'credential_revoked' })
})

verifies(['AP-02', 'CH-04'], 'a vote that meets newer facts is decided on these', async () => {
  const shared = new Shared()
  const [one, two] = [await shared.process(), await shared.process()]
  const held = await one.portcullis.enforce({ token: shared.token(), ...ACME, tool: 'psa.wipe', arguments: { id: 1 } })
  if (held.kind !== 'hold') throw new Error(held.kind)
  const ballot = { decision: 'approve', reason: 'fine' } as const
  await call(two.portcullis, shared.token())
  await one.portcullis.revoke('north', { kind: 'principal', id: 'bot' })
  expect(await two.portcullis.approvals.vote({ token: shared.token('admin') }, held.approvalId ?? '', ballot)).toMatchObject({ state: 'granted' })
})

test('facts that come back after a revocation bring no token back', async () => {
  const shared = new Shared()
  const north = tenantOf('north')
  const bot = north.principals['bot']
  if (bot?.kind !== 'service') throw new Error('no bot')
  const epoch = (of: number): World => worldOf({ north: { ...north, principals: { ...north.principals, bot: { ...bot, epoch: of } } } })
  const first = await shared.process(epoch(1))
  const token = await service(first.portcullis)
  await first.portcullis.revoke('north', { kind: 'principal', id: 'bot' })
  for (const of of [0, 1, 2]) expect(await call((await shared.process(epoch(of))).portcullis, token), String(of)).toMatchObject({ code: 'credential_revoked' })
})
