import { afterAll, beforeAll, expect, inject } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { AdmitAnswer, NoteAnswer, Storage } from '@portcullis/core/ports'
import { migrate, postgresStorage } from '@portcullis/postgres'
import { Looks } from '../../testing/src/laws/law.ts'
import { approvalFor, Desk, PLENTY, tally } from '../../testing/src/laws/desk.ts'
import { lookAtLog } from '../../testing/src/laws/log-laws.ts'
import { freshDatabase, type Database } from './database.ts'

let database: Database
/** Two that know nothing of each other, as two processes would. */
let rivals: readonly [Storage, Storage]
let tenants = 0
let now = Date.UTC(2026, 10, 30, 23, 59)

beforeAll(async () => {
  database = await freshDatabase(inject('postgres'))
  await migrate(database.owner, { role: database.role, login: database.app.user })
  const open = (): Storage => postgresStorage({ connection: { ...database.app, max: 5 }, role: database.role, now: () => now })
  rivals = [open(), open()]
})

afterAll(() => Promise.all(rivals.map((storage) => storage.close())))

/** A new tenant's desk in each of them. */
async function desks(): Promise<readonly [Desk, Desk]> {
  const tenant = `tenant-${(tenants += 1)}`
  return [await Desk.at(rivals[0], tenant), await Desk.at(rivals[1], tenant)]
}

/** So many, by turns in both, at the same time. */
const both = <T>([one, two]: readonly [Desk, Desk], count: number, work: (desk: Desk, index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index % 2 === 0 ? one : two, index)))

const gapless = async (desk: Desk): Promise<void> => lookAtLog(desk, new Looks())

verifies('CH-09', 'QUO-01: of 400 calls at once in two processes for 100 units exactly 100 are admitted', async () => {
  const pair = await desks()
  const answers = await both(pair, 400, (desk, index) => desk.admit({ callId: `call ${index}`, limits: { ...PLENTY, included: 100 } }))
  expect(tally(answers)).toEqual({ admitted: 100, quota_exhausted: 300 })
  expect(await pair[1].door.ledger.callsOf('ada')).toEqual({ used: 0, reserved: 100 })
  await gapless(pair[0])
})

verifies('CH-09', 'QUO-02: a plan with overage goes on in both processes, and one without stops both at once', async () => {
  const pair = await desks()
  expect(tally(await both(pair, 60, (desk, index) => desk.admit({ callId: `over ${index}`, limits: { ...PLENTY, included: 10, overage: true } })))).toEqual({ admitted: 60 })
  expect(tally(await both(pair, 40, (desk, index) => desk.admit({ callId: `under ${index}`, limits: { ...PLENTY, included: 70 } })))).toEqual({ admitted: 10, quota_exhausted: 30 })
})

verifies('CH-09', 'QUO-03, QUO-04: however many processes report the end of a call, it ends once, and counts once or not at all', async () => {
  const pair = await desks()
  for (let call = 0; call < 10; call += 1) {
    await pair[call % 2]!.admit({ callId: `call ${call}` })
    const ends = await both(pair, 24, (desk, index) => (index % 3 === 0 ? desk.abandon(`call ${call}`) : index % 3 === 1 ? desk.complete(`call ${call}`) : desk.reconcile(`call ${call}`)))
    expect(tally(ends)).toEqual({ closed: 1, not_open: 23 })
  }
  const { used, reserved } = await pair[0].door.ledger.callsOf('ada')
  const steps = (await pair[0].door.log.read({ from: 0, limit: 99 })).map(({ bytes }) => (JSON.parse(Buffer.from(bytes).toString()) as { step: string }).step)
  expect([used, reserved]).toEqual([steps.filter((step) => step === 'outcome' || step === 'reconciled').length, 0])
  expect(steps).toHaveLength(20)
})

verifies('CH-09', 'QUO-03: of 64 calls at once in two processes with one idempotency key exactly one is admitted', async () => {
  const pair = await desks()
  const answers = await both(pair, 64, (desk, index) => desk.admit({ callId: `call ${index}`, idempotency: { key: 'key', fingerprint: 'print' } }))
  expect(tally(answers)).toEqual({ admitted: 1, conflict: 63 })
})

verifies('CH-09', 'QUO-05: calls on both sides of the end of a month count in the month that they were admitted in', async () => {
  const pair = await desks()
  const edge = Date.UTC(2026, 11, 1)
  const blocks = { ...PLENTY, included: 5 }
  now = edge - 1
  expect(tally(await both(pair, 20, (desk, index) => desk.admit({ callId: `before ${index}`, limits: blocks })))).toEqual({ admitted: 5, quota_exhausted: 15 })
  now = edge
  expect(tally(await both(pair, 20, (desk, index) => desk.admit({ callId: `after ${index}`, limits: blocks })))).toEqual({ admitted: 5, quota_exhausted: 15 })
  await both(pair, 20, (desk, index) => desk.complete(`before ${index}`))
  expect(await pair[1].door.ledger.callsOf('ada')).toEqual({ used: 0, reserved: 5 })
  now = edge - 1
  expect(await pair[0].door.ledger.callsOf('ada')).toEqual({ used: 5, reserved: 0 })
})

verifies('AP-01', 'APR-01: of 64 calls at once in two processes with one approval exactly one is admitted', async () => {
  const pair = await desks()
  const id = await pair[0].granted(approvalFor('digest'))
  const answers = await both(pair, 64, (desk, index) => desk.admit({ callId: `call ${index}`, approval: approvalFor('digest', index % 4 === 0 ? { approvalId: id } : {}) }))
  expect(tally(answers)).toEqual({ admitted: 1, approval_consumed: 63 })
})

verifies('AP-01', 'APR-04: what was decided on facts that another process has changed since is sent back, in calls and votes alike', async () => {
  const pair = await desks()
  const id = await pair[0].granted(approvalFor('digest'))
  const pending = await pair[0].granted(approvalFor('another digest'), [])
  const standing = await pair[1].door.revoke({ kind: 'principal', id: 'ada' })
  const changed = { kind: 'changed', authorization: standing.authorization }
  expect(await both(pair, 8, (desk) => desk.admit({ approval: approvalFor('digest', { approvalId: id }) }))).toEqual(Array.from({ length: 8 }, () => changed))
  expect(await pair[0].vote(pending, 'grace')).toEqual(changed)
  expect([(await pair[1].door.ledger.approval(id))?.state, (await pair[1].door.ledger.approval(pending))?.state]).toEqual(['granted', 'pending'])
})

verifies('CH-12', 'an end of tokens in one process and admissions in the other: nothing is admitted after the answer on what was decided before', async () => {
  const [one, two] = await desks()
  let revoked = false
  const late: string[] = []
  const admissions = Array.from({ length: 300 }, async (_, index) => {
    await new Promise((resolve) => setImmediate(resolve))
    const asked = revoked
    const answer = await one.admit({ callId: `call ${index}` })
    if (asked && answer.kind === 'admitted') late.push(answer.kind)
    return answer
  })
  await two.door.revoke({ kind: 'tenant' })
  revoked = true
  admissions.push(...Array.from({ length: 50 }, () => one.admit()))
  const answers = await Promise.all(admissions)
  expect(late).toEqual([])
  expect(answers.slice(300).every(({ kind }) => kind === 'changed')).toBe(true)
})

verifies(['AP-04', 'AP-02'], 'APR-10: votes in two processes at the same time end a request once, one vote a person', async () => {
  const people = ['grace', 'heidi', 'ivan', 'judy']
  for (let round = 0; round < 12; round += 1) {
    const pair = await desks()
    const id = await pair[0].granted(approvalFor('digest', { quorum: 1 + (round % 3) }), [])
    const answers = await both(pair, 24, (desk, index) => desk.vote(id, people[index % 4]!, index % 7 === round % 7 ? 'refuse' : 'approve'))
    const states = answers.flatMap((answer) => (answer.kind === 'voted' ? [answer.approval.state] : []))
    expect(states.filter((state) => state !== 'pending')).toHaveLength(1)
    const ended = await pair[1].door.ledger.approval(id)
    expect(new Set(ended?.votes.map(({ person }) => person)).size).toBe(states.length)
    expect(await pair[0].door.ledger.approval(id)).toEqual(ended)
    await gapless(pair[0])
  }
})

verifies('AU-04', 'AUD-10: two processes that append at the same time make one chain without a gap, and one tree', async () => {
  const pair = await desks()
  const answers = await both(pair, 1_200, (desk, index): Promise<AdmitAnswer | NoteAnswer> => (index % 3 === 0 ? desk.note() : desk.admit({ callId: `call ${index}` })))
  const places = answers.map((answer) => ('seq' in answer ? answer.seq : -1)).toSorted((a, b) => a - b)
  expect(places).toEqual(Array.from({ length: 1_200 }, (_, index) => index))
  await gapless(pair[0])
  const step = { previous: 0, nodes: [{ level: 8 as const, index: 0, hash: new Uint8Array(32) }] }
  const added = await both(pair, 8, (desk, index) => desk.door.log.integrate({ ...step, checkpoint: { size: 1_000 + index, root: new Uint8Array(32), note: `${index}`, at: 1 } }))
  expect(added.filter(Boolean)).toHaveLength(1)
  expect((await pair[0].door.log.latest())?.size).toBe(1_000 + added.indexOf(true))
})

verifies('AU-04', 'AUD-10: two processes that append one record after the other wait for each other, and none is refused', async () => {
  const pair = await desks()
  await Promise.all(pair.map(async (desk) => {
    for (let index = 0; index < 100; index += 1) expect((await desk.note()).kind).toBe('noted')
  }))
  expect(await pair[0].size()).toBe(200)
  await gapless(pair[1])
})

verifies('CH-12', 'two processes never get the same open intents to close, until the one that has them has been silent for a minute', async () => {
  const pair = await desks()
  await both(pair, 40, (desk, index) => desk.admit({ callId: `call ${index}`, deadlineMs: 1_000 }))
  now += 1_000
  const due = async (desk: Desk, limit: number): Promise<string[]> => (await desk.door.ledger.due({ limit })).map(({ callId }) => callId)
  const parts = await Promise.all([due(pair[0], 25), due(pair[1], 25)])
  expect(new Set(parts.flat()).size).toBe(parts.flat().length)
  const [mine, theirs] = [await due(pair[0], 100), await due(pair[1], 100)]
  expect([...mine, ...theirs].toSorted()).toEqual(Array.from({ length: 40 }, (_, index) => `call ${index}`).toSorted())
  for (const call of mine) await pair[0].reconcile(call)
  now += 59_999
  expect([await due(pair[0], 100), (await due(pair[1], 100)).length]).toEqual([[], theirs.length])
  now += 60_000
  expect((await due(pair[0], 100)).toSorted()).toEqual(theirs.toSorted())
  expect(await due(pair[1], 100)).toEqual([])
})

verifies('CH-09', 'QUO-07: while one tenant floods two processes, the calls of another wait for a few of its batches, and never for its flood', async () => {
  const [flood, quietly] = [40_000, 10] // more than 150 full batches against ten calls, one after the other
  const [noisy, quiet] = [await desks(), await desks()]
  let answered = 0
  const flooding = both(noisy, flood, async (desk, index) => {
    const answer = await desk.admit({ callId: `call ${index}` })
    answered += 1
    return answer
  })
  for (let call = 0; call < quietly; call += 1) expect((await quiet[call % 2]!.admit({ callId: `call ${call}` })).kind).toBe('admitted')
  expect(answered).toBeLessThan(flood / 2)
  expect(tally(await flooding)).toEqual({ admitted: flood })
})
