import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { Fault } from '@portcullis/core'
import { LedgerQueue } from '@portcullis/core/ports'
import { migrate, postgresStorage } from '@portcullis/postgres'
import { Looks } from '../../testing/src/laws/law.ts'
import { Desk } from '../../testing/src/laws/desk.ts'
import { lookAtLog } from '../../testing/src/laws/log-laws.ts'
import { sendAlone } from '../src/gatherer.ts'
import { Place } from '../src/place.ts'
import { itemFault, storageFault } from '../src/storage-fault.ts'
import type { Connections } from '../src/connections.ts'
import { ask, freshDatabase, type Database } from './database.ts'
import { startProxy, type Proxy } from './proxy.ts'

let database: Database
let proxy: Proxy

beforeAll(async () => {
  database = await freshDatabase(inject('postgres'))
  await migrate(database.owner, { role: database.role, login: database.app.user })
  proxy = await startProxy(database.app.port)
})

afterAll(() => proxy.close())

const open = (more: object = {}) => postgresStorage({ connection: { ...database.app, port: proxy.port, max: 3, ...more }, role: database.role })
const codes = (settled: readonly PromiseSettledResult<unknown>[]): unknown[] => settled.map((one) => (one.status === 'rejected' ? (one.reason as Fault).code : 'done'))

verifies('CH-12', 'AUD-07: a connection that is lost after the commit: everybody is refused, and nothing is written a second time', async () => {
  const storage = open()
  const desk = await Desk.at(storage, 'lost')
  await desk.note()
  proxy.deafen()
  const notes = Promise.allSettled(Array.from({ length: 40 }, () => desk.note()))
  const size = async (): Promise<number> => Number((await ask<{ size: string }>(database.superuser, `select size from portcullis.log_head where tenant_id = 'lost'`))[0]!.size)
  await expect.poll(size, { timeout: 20_000 }).toBe(41)
  proxy.cut()
  expect(new Set(codes(await notes))).toEqual(new Set(['storage_unreachable']))
  expect(await size()).toBe(41)
  expect(await desk.note()).toEqual({ kind: 'noted', seq: 41 })
  await lookAtLog(desk, new Looks())
  await storage.close()
})

verifies('CH-12', 'AUD-07, DOS-04: a server that does not answer: everybody is refused in time, and served when it answers again', async () => {
  const storage = open({ query_timeout: 300 })
  const desk = await Desk.at(storage, 'silent')
  proxy.deafen()
  expect(new Set(codes(await Promise.allSettled([...Array.from({ length: 5 }, () => desk.note()), desk.size(), desk.door.standing(), desk.door.ledger.due({ limit: 1 })])))).toEqual(new Set(['storage_timeout']))
  proxy.cut()
  expect((await desk.note()).kind).toBe('noted')
  await storage.close()
})

test('connections that break while nobody uses them are told of, and replaced', async () => {
  const faults: unknown[] = []
  const storage = postgresStorage({ connection: { ...database.app, max: 3 }, role: database.role, onFault: (fault) => faults.push(fault) })
  const desk = await Desk.at(storage, 'idle')
  await ask(database.superuser, 'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [database.app.user])
  await expect.poll(() => faults.length, { timeout: 20_000 }).toBeGreaterThan(0)
  expect(await desk.note()).toEqual({ kind: 'noted', seq: 0 })
  await storage.close()
})

test('DOS-04: a tenant whose head somebody holds is refused in time, and nothing of the refused batch is written', async () => {
  const storage = open({ statement_timeout: 300 })
  const desk = await Desk.at(storage, 'held')
  const holder = new pg.Client({ ...database.superuser })
  await holder.connect()
  await holder.query(`begin; select from portcullis.log_head where tenant_id = 'held' for update`)
  expect(new Set(codes(await Promise.allSettled([...Array.from({ length: 3 }, () => desk.note()), desk.door.revoke({ kind: 'tenant' })])))).toEqual(new Set(['storage_timeout']))
  await holder.query('rollback')
  await holder.end()
  expect([await desk.size(), (await desk.door.standing()).authorization]).toEqual([0, 1])
  expect(await desk.note()).toEqual({ kind: 'noted', seq: 0 })
  await storage.close()
})

test('an item that PostgreSQL does not take is refused alone, whatever is wrong with it', async () => {
  const storage = open()
  const desk = await Desk.at(storage, 'poisoned')
  const long = randomBytes(4_000).toString('hex') // no index row holds it, however well it is packed
  const answers = await Promise.allSettled([...Array.from({ length: 30 }, () => desk.note()), desk.admit({ callId: long }), desk.admit({ deadlineMs: 1e300 }), ...Array.from({ length: 30 }, () => desk.note())])
  expect(answers.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([30, 31])
  expect(await desk.size()).toBe(60)
  await lookAtLog(desk, new Looks())
  await storage.close()
})

test('what one item caused is a fault of the storage by the time that it is this item alone, and its cause is said apart', async () => {
  const storage = open()
  const desk = await Desk.at(storage, 'alone')
  const poisoned = desk.admit({ callId: randomBytes(4_000).toString('hex') })
  await expect(poisoned).rejects.toBeInstanceOf(Fault)
  await expect(poisoned).rejects.toMatchObject({ code: 'storage_failed', message: 'PostgreSQL does not take what it was given (54000).', cause: { code: '54000' } })
  await expect(desk.door.log.integrate({ previous: 0, checkpoint: { size: 1, root: new Uint8Array(32), note: '\0', at: 1 }, nodes: [] })).rejects.toMatchObject({ code: 'storage_failed', cause: { code: '22021' } })
  await storage.close()
})

test('an answer that cannot be read is no reason to send a batch again: it has been committed', async () => {
  const asked: unknown[] = []
  const pool = { options: { max: 5 }, query: async (query: { text: string }) => { asked.push(query.text); return { rows: [{ answer: '[{"kind":"noted"' }] } } }
  const place = new Place({ isOpen: true, pool } as unknown as Connections, { schema: 'portcullis', role: database.role })
  place.ready = async () => undefined
  const queue = new LedgerQueue(async (items) => sendAlone(place, { tenant: 't', name: '"t"', now: null, items }))
  const settled = await Promise.allSettled(Array.from({ length: 16 }, () => queue.push({ kind: 'note', body: '{"v":1' })))
  expect([new Set(codes(settled)), asked.length]).toEqual([new Set(['storage_failed']), 1])
})

test('H2: a batch too long to be written out is sent in halves: nothing of it was sent', async () => {
  const sent: number[] = []
  const pool = {
    options: { max: 5 },
    query: async ({ values }: { values: unknown[][] }) => {
      const { length } = values[4]!
      if (length > 4) throw new RangeError('Invalid string length')
      sent.push(length)
      return { rows: [{ answer: JSON.stringify(Array.from({ length }, () => ({ kind: 'noted', seq: 0 }))) }] }
    },
  }
  const place = new Place({ isOpen: true, pool } as unknown as Connections, { schema: 'portcullis', role: database.role })
  place.ready = async () => undefined
  const queue = new LedgerQueue(async (items) => sendAlone(place, { tenant: 't', name: '"t"', now: null, items }))
  expect(new Set(codes(await Promise.allSettled(Array.from({ length: 16 }, () => queue.push({ kind: 'note', body: '{"v":1' })))))).toEqual(new Set(['done']))
  expect(sent).toEqual([4, 4, 4, 4])
})

test('M1: changes of a tenant whose head is held wait with one connection, and not for ever; everybody else goes on', async () => {
  const storage = open({ max: 6, statement_timeout: 0, query_timeout: 0 })
  const [held, other] = [await Desk.at(storage, 'held changes'), await Desk.at(storage, 'other changes')]
  const holder = new pg.Client({ ...database.superuser })
  await holder.connect()
  await holder.query(`begin; select from portcullis.log_head where tenant = '"held changes"' for update`)
  const revoked = Promise.allSettled([...Array.from({ length: 2 }, () => held.door.revoke({ kind: 'tenant' })), held.door.log.integrate({ previous: 0, checkpoint: { size: 1, root: new Uint8Array(32), note: '', at: 1 }, nodes: [] })])
  let over = false
  void revoked.then(() => { over = true })
  expect((await other.door.revoke({ kind: 'tenant' })).authorization).toBe(2)
  expect((await other.note()).kind).toBe('noted')
  const [waiting] = await ask<{ count: string }>(database.superuser, `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
  expect(Number(waiting!.count)).toBeLessThanOrEqual(2) // one change and one checkpoint
  expect(over).toBe(false)
  expect(new Set(codes(await revoked))).toEqual(new Set(['storage_timeout']))
  await holder.query('rollback')
  await holder.end()
  expect((await held.door.revoke({ kind: 'tenant' })).authorization).toBe(2)
  await storage.close()
})

test('any text goes in and comes back as it was', async () => {
  const storage = open()
  const desk = await Desk.at(storage, 'texts')
  const texts = ['\0', 'a\0b', '\ud800', '"', '#', '{}', "'; drop table log", 'NULL', 'é 漢 😀', '\\u0000', 'x'.repeat(700), `x${'x'.repeat(700)}`]
  for (const text of texts) {
    const job = { instance: text, tool: text }
    expect((await desk.admit({ callId: text, principal: text, job, idempotency: { key: text, fingerprint: text } })).kind, JSON.stringify(text)).toBe('admitted')
    expect(await desk.door.ledger.recall(text)).toMatchObject({ callId: text, principal: text, ...job, idempotencyKey: text })
    expect(await desk.door.ledger.callsOf(text)).toEqual({ used: 0, reserved: 1 })
    await desk.complete(text, 'succeeded', text)
    expect(await desk.admit({ idempotency: { key: text, fingerprint: text } })).toEqual({ kind: 'repeated', callId: text, answer: text })
  }
  expect((await desk.door.log.read({ from: 0, limit: 99 })).length).toBe(texts.length * 2)
  await storage.close()
})

test('what goes wrong has a stable code, and what one item caused stays what it is', () => {
  const error = (code: string, more: object = {}): Error => Object.assign(new Error('it failed'), { code, severity: 'ERROR', ...more })
  const code = (cause: unknown): unknown => (storageFault(cause) as Fault).code
  for (const [state, expected] of [
    ['57014', 'storage_timeout'], ['55P03', 'storage_timeout'], ['53100', 'storage_full'], ['53300', 'storage_unreachable'], ['53200', 'storage_overloaded'], ['42501', 'storage_forbidden'],
    ['25006', 'storage_read_only'], ['3F000', 'storage_missing'], ['42P01', 'storage_missing'], ['42883', 'storage_missing'], ['57P01', 'storage_unreachable'], ['08006', 'storage_unreachable'],
    ['40001', 'storage_failed'], ['XX001', 'storage_failed'], ['P0001', 'storage_failed'],
  ] as const) expect(code(error(state)), state).toBe(expected)
  for (const state of ['22P02', '23505', '54000']) {
    const raw = storageFault(error(state, { where: 'select secrets' }))
    expect(raw).not.toBeInstanceOf(Fault)
    expect(itemFault(raw)).toMatchObject({ code: 'storage_failed', message: `PostgreSQL does not take what it was given (${state}).`, cause: raw })
  }
  const long = new RangeError('Invalid string length')
  expect(storageFault(long)).toBe(long)
  expect(itemFault(long)).toMatchObject({ code: 'storage_failed', cause: long })
  for (const [cause, expected] of [
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'storage_unreachable'], [new Error('Connection terminated unexpectedly'), 'storage_unreachable'], [new Error('Query read timeout'), 'storage_timeout'],
    [new Error('timeout exceeded when trying to connect'), 'storage_timeout'],
    [Object.assign(new Error('x'), { code: 'EAI_AGAIN' }), 'storage_unreachable'], [Object.assign(new Error('x'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }), 'storage_unreachable'],
    [new Error('Client has encountered a connection error and is not queryable'), 'storage_unreachable'], [new Error('The server does not support SSL connections'), 'storage_unreachable'],
    [new TypeError('x is not a function'), 'storage_failed'], [Object.assign(new Error('too long'), { code: 'ERR_STRING_TOO_LONG' }), 'storage_failed'],
  ] as const) expect(code(cause)).toBe(expected)
  const fault = new Fault('storage_closed', 'closed')
  expect(storageFault(fault)).toBe(fault)
})
