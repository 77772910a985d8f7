import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import pg from 'pg'
import { beforeAll, expect, inject, test } from 'vitest'
import type { LedgerAnswer, LedgerItem } from '@portcullis/core/ports'
import { memoryStorage } from '@portcullis/core/memory'
import { Fault } from '@portcullis/core'
import { migrate, postgresStorage } from '@portcullis/postgres'
import { approvalFor, Desk, PLENTY } from '../../testing/src/laws/desk.ts'
import { manualClock } from '../../testing/src/laws/subject.ts'
import { Batch, columnsOf } from '../src/batch.ts'
import { Connections } from '../src/connections.ts'
import { Gatherer } from '../src/gatherer.ts'
import { keyText } from '../src/key-text.ts'
import { Place } from '../src/place.ts'
import { Places } from '../src/places.ts'
import { freshDatabase, type Database } from './database.ts'

/** How `pg` writes a parameter. */
const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils') as { readonly prepareValue: (value: unknown) => string }

let database: Database

beforeAll(async () => {
  database = await freshDatabase(inject('postgres'))
  await migrate(database.owner, { role: database.role, login: database.app.user })
})

/** Notes what it is asked. */
class Watched extends Place {
  readonly asked: { name: string; tenants: unknown[] }[] = []

  override apply(name: string, values: readonly unknown[]): Promise<unknown> {
    this.asked.push({ name, tenants: Array.isArray(values[0]) ? (values[0] as unknown[]) : [values[0]] })
    return super.apply(name, values)
  }
}

function gather(more: object = {}): { place: Watched; connections: Connections; send: (tenant: string, items: readonly LedgerItem[]) => Promise<readonly LedgerAnswer[]> } {
  const connections = new Connections({ ...database.app, max: 6, ...more }, () => undefined)
  const place = new Watched(connections, { schema: 'portcullis', role: database.role })
  const gatherer = new Gatherer(place)
  return { place, connections, send: (tenant, items) => gatherer.send({ tenant, name: JSON.stringify(tenant), now: null, items }) }
}

const note: LedgerItem = { kind: 'note', body: '{"v":1' }

test('batches of many tenants that come at the same time go in one statement, at most 64 in each; one alone goes alone', async () => {
  const { place, connections, send } = gather()
  const answers = await Promise.all(Array.from({ length: 150 }, (_, index) => send(`many-${149 - index}`, [note, note])))
  expect(answers).toEqual(Array.from({ length: 150 }, () => [{ kind: 'noted', seq: 0 }, { kind: 'noted', seq: 1 }]))
  expect(place.asked.map(({ name, tenants }) => [name, tenants.length])).toEqual([['step_many', 64], ['step_many', 64], ['step_many', 22]])
  // In one order everywhere, or two processes would wait for each other.
  for (const { tenants } of place.asked) expect(tenants).toEqual((tenants as string[]).toSorted((a, b) => (a < b ? -1 : 1)))
  expect(await send('many-0', [note])).toEqual([{ kind: 'noted', seq: 2 }])
  expect(place.asked.at(-1)).toEqual({ name: 'step', tenants: ['many-0'] })
  await connections.end()
})

test('what calls bring along goes together too: nothing is left out for being called with others', async () => {
  const { place, connections, send } = gather()
  const item = (index: number, call: number): LedgerItem => ({
    kind: 'admit', callId: `call ${call}`, authorization: 0, principal: `principal ${index} ${call % 2}`, limits: PLENTY, deadlineMs: 1, job: { instance: '', tool: '' }, body: '{"v":1',
    ...(call === 2 ? { approval: approvalFor(`digest ${index}`) } : {}), ...(call === 1 ? { idempotency: { key: 'key', fingerprint: `${index}` } } : {}),
  })
  const answers = await Promise.all(Array.from({ length: 9 }, (_, index) => send(`calls-${index}`, [item(index, 0), item(index, 1), item(index, 2), { kind: 'complete', callId: 'call 0', status: 'failed', body: '{"v":1' }])))
  for (const one of answers) expect(one.map(({ kind }) => kind)).toEqual(['admitted', 'admitted', 'held', 'closed'])
  for (let index = 0; index < 9; index += 1) expect(await place.call('calls_of', [`calls-${index}`, place.role, null, keyText(`principal ${index} 0`)])).toEqual({ used: 1, reserved: 0 })
  expect(place.asked.filter(({ name }) => name.startsWith('step')).map(({ name, tenants }) => [name, tenants.length])).toEqual([['step_many', 9]])
  await connections.end()
})

test('a tenant whose head is held keeps nobody waiting, and is served when it is free', async () => {
  const { connections, send } = gather()
  await Promise.all(['held-a', 'held-b', 'held-c'].map((tenant) => send(tenant, [note])))
  const holder = new pg.Client({ ...database.superuser })
  await holder.connect()
  await holder.query(`begin; select from portcullis.log_head where tenant_id = 'held-b' for update`)
  let served = false
  const held = send('held-b', [note]).then((answers) => { served = true; return answers })
  const others = await Promise.all([send('held-a', [note]), send('held-c', [note])])
  expect([others, served]).toEqual([[[{ kind: 'noted', seq: 1 }], [{ kind: 'noted', seq: 1 }]], false])
  await holder.query('rollback')
  await holder.end()
  expect(await held).toEqual([{ kind: 'noted', seq: 1 }])
  await connections.end()
})

/** Answers for a database: heads of `held` are never free, and whoever waits for one alone waits until `free` is called. */
class Pretended extends Place {
  readonly patient: (() => void)[] = []
  most = 0
  #now = 0

  constructor(connections: number) {
    super({ isOpen: true, pool: { options: { max: connections } } } as unknown as Connections, { schema: 'portcullis', role: 'app' })
  }

  override async apply(name: string, values: readonly unknown[]): Promise<unknown> {
    await new Promise((resolve) => setImmediate(resolve))
    const noted = (tenant: unknown): unknown => (String(tenant).startsWith('held') ? null : [{ kind: 'noted', seq: 0 }])
    if (name === 'step_many') return (values[0] as unknown[]).map(noted)
    if (noted(values[0]) !== null) return noted(values[0])
    if (values.at(-1) === '100ms') throw new Fault('storage_timeout', 'held', { cause: Object.assign(new Error('held'), { code: '55P03' }) })
    this.most = Math.max(this.most, (this.#now += 1))
    await new Promise<void>((resolve) => this.patient.push(resolve))
    this.#now -= 1
    return [{ kind: 'noted', seq: 1 }]
  }
}

test('H1: held heads, however many and whenever they come, stop no other tenant of the process, and leave connections to others', async () => {
  for (const [connections, most] of [[10, 4], [6, 1], [5, 1], [2, 1]] as const) {
    const place = new Pretended(connections)
    const gatherer = new Gatherer(place)
    const send = (tenant: string) => gatherer.send({ tenant, name: '""', now: null, items: [note] })
    const held: Promise<unknown>[] = []
    for (let round = 0; round < 8; round += 1) {
      held.push(send(`held-${round}`)) // by itself, or with others
      const together = Array.from({ length: round % 2 === 0 ? 0 : 5 }, (_, index) => send(`free-${index}`))
      await Promise.all([...together, send('bystander')])
      expect(await send('bystander')).toEqual([{ kind: 'noted', seq: 0 }])
    }
    await expect.poll(() => place.patient.length).toBe(most)
    for (let served = 0; served < 8; served += 1) {
      await expect.poll(() => place.patient.length).toBeGreaterThan(0)
      place.patient.shift()!()
    }
    expect(await Promise.all(held)).toEqual(Array.from({ length: 8 }, () => [{ kind: 'noted', seq: 1 }]))
    expect(place.most).toBe(most)
  }
})

test('H1: of six tenants whose heads are held each is refused for itself, while another goes on', async () => {
  const { place, connections, send } = gather({ max: 10, statement_timeout: 0, query_timeout: 0 })
  const tenants = Array.from({ length: 6 }, (_, index) => `stuck-${index}`)
  await Promise.all(tenants.map((tenant) => send(tenant, [note])))
  const holder = new pg.Client({ ...database.superuser })
  await holder.connect()
  await holder.query(`begin; select from portcullis.log_head where tenant_id like 'stuck-%' for update`)
  let over = false
  const stuck: Promise<unknown>[] = []
  for (const tenant of tenants) {
    stuck.push(send(tenant, [note]))
    await send('bystander', [note])
  }
  const settled = Promise.allSettled(stuck).then((all) => { over = true; return all })
  let served = 0
  while (!over) {
    await send('bystander', [note])
    served += 1
  }
  for (const one of await settled) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'storage_timeout' } })
  expect(served).toBeGreaterThan(100)
  await holder.query('rollback')
  await holder.end()
  expect(await Promise.all(tenants.map((tenant) => send(tenant, [note])))).toEqual(tenants.map(() => [{ kind: 'noted', seq: 1 }]))
  expect(place.asked.filter(({ name }) => name === 'step_many').length).toBeGreaterThan(0)
  await connections.end()
})

test('H2: a batch is as long as what is sent of it', () => {
  const text = '"'.repeat(16_000)
  const approval = approvalFor('digest')
  const item: LedgerItem = {
    kind: 'admit', callId: 'c', authorization: 1, principal: 'p', limits: PLENTY, deadlineMs: 1, job: { instance: '', tool: text }, body: '{"v":1',
    approval: { ...approval, request: { ...approval.request, arguments: JSON.stringify(text), sent: JSON.stringify(text) } },
  }
  const items = Array.from({ length: 20 }, () => item)
  const sent = columnsOf([new Batch(items)]).reduce((sum: number, column) => sum + (Buffer.isBuffer(column) ? column.length : prepareValue(column).length), 0)
  const { bytes } = new Batch(items)
  expect(bytes).toBeGreaterThan(sent * 0.98)
  expect(bytes).toBeLessThanOrEqual(sent)
})

test('a tenant whose batch breaks hurts neither the others nor, through its queue, its own other items', async () => {
  const storage = postgresStorage({ connection: { ...database.app, max: 5 }, role: database.role })
  const desks = await Promise.all(Array.from({ length: 12 }, (_, index) => Desk.at(storage, `breaks-${index}`)))
  const answers = await Promise.all(desks.map((desk, index) =>
    Promise.allSettled([desk.note(), ...(index % 4 === 1 ? [desk.admit({ callId: randomBytes(4_000).toString('hex') })] : []), desk.note()])))
  for (const [index, settled] of answers.entries()) {
    expect(settled.map(({ status }) => status), `${index}`).toEqual(index % 4 === 1 ? ['fulfilled', 'rejected', 'fulfilled'] : ['fulfilled', 'fulfilled'])
    expect(await desks[index]!.size()).toBe(2)
  }
  await storage.close()
})

test('two processes with the same tenants in any order never lock each other out', async () => {
  const [one, two] = [gather(), gather()]
  const tenants = Array.from({ length: 30 }, (_, index) => `order-${index}`)
  const rounds = Array.from({ length: 20 }, (_, round) => round)
  const answers = await Promise.all([one, two].map(async ({ send }, which) => {
    const seen: LedgerAnswer[] = []
    for (const round of rounds) {
      const order = which === 0 ? tenants : tenants.toReversed()
      seen.push(...(await Promise.all(order.slice(round % 7).map((tenant) => send(tenant, [note])))).flat())
    }
    return seen
  }))
  const expected = rounds.reduce((sum, round) => sum + tenants.length - (round % 7), 0)
  expect(answers.map((seen) => seen.length)).toEqual([expected, expected])
  await Promise.all([one.connections.end(), two.connections.end()])
})

test('batches that share a transaction come to what they come to alone: answer by answer and byte by byte', async () => {
  const clock = manualClock(Date.UTC(2026, 10, 22, 12))
  const storage = postgresStorage({ connection: { ...database.app, max: 5 }, role: database.role, now: () => clock.now() })
  const reference = memoryStorage({ clock })
  const play = async (desk: Desk, index: number): Promise<unknown> => {
    const { ledger, log } = desk.door
    const limits = { ...PLENTY, included: 5 + index, principalPerMinute: 4 + (index % 3) }
    const request = approvalFor(`digest ${index % 2}`)
    const held = { ask: request.ask, request: { ...request.request, id: `apv-${index}` } }
    const answers = await Promise.all([
      ...Array.from({ length: 8 + index }, (_, call) => desk.admit({ callId: `call ${call % 9}`, principal: `p${call % 3} of ${index}`, limits, ...(call % 4 === 0 ? { idempotency: { key: `k${call % 2}`, fingerprint: 'f' } } : {}) })),
      desk.note(`{"v":1,"text":${JSON.stringify(`é 漢 ${'x'.repeat(index * 100)}`)}`), desk.admit({ approval: held }), desk.vote(`apv-${index}`, 'grace'), desk.admit({ callId: 'approved', approval: held }),
      ...Array.from({ length: 5 }, (_, call) => (call % 2 === 0 ? desk.complete(`call ${call}`, 'succeeded', 'kept') : desk.abandon(`call ${call}`))),
    ])
    return [answers, await ledger.callsOf(`p0 of ${index}`), await ledger.approval(`apv-${index}`), (await log.read({ from: 0, limit: 99 })).map(({ at, bytes }) => [at, Buffer.from(bytes).toString()])]
  }
  const desks = async (from: typeof reference) => Promise.all(Array.from({ length: 20 }, (_, index) => Desk.at(from, `same-${index}`)))
  const [actual, expected] = [await desks(storage), await desks(reference)]
  const found = await Promise.all(actual.map(play))
  for (const [index, desk] of expected.entries()) expect(JSON.parse(JSON.stringify(found[index]))).toEqual(JSON.parse(JSON.stringify(await play(desk, index))))
  await storage.close()
})

test('the batches of siloed and dedicated tenants are never put together with others', async () => {
  const { app, role } = database
  const places = new Places({
    connection: app, schema: 'portcullis', role, most: 1, onFault: () => undefined,
    place: (tenant) => ({ siloed: { schema: 'silo', role }, dedicated: { connection: { ...app, database: 'elsewhere' } } })[tenant],
  })
  expect([places.of('pooled').gatherer, places.of('siloed').gatherer, places.of('dedicated').gatherer]).toEqual([expect.any(Gatherer), undefined, undefined])
  await places.close()
})

