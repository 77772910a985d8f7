import { memoryStorage } from '@portcullis/core/memory'
import type { TenantDoor } from '@portcullis/core/ports'
import { expect, test } from 'vitest'
import { manualClock } from '../../../testing/src/index.ts'
import { auditTenant } from './audit.ts'
import { admission, answerOf, approvalOf, fingerprintOf, VOTER } from './task.ts'

const said: string[] = []

/** A tenant in memory in which one of everything has happened, and what the writers were told of it. */
async function lived(): Promise<TenantDoor> {
  const clock = manualClock(Date.UTC(2026, 10, 22, 12))
  const door = await memoryStorage({ clock }).tenant('northwind')
  const { ledger } = door
  const authorization = await door.authorize('facts')
  said.length = 0
  const admit = async (call: string, asks = {}): Promise<string | undefined> => {
    const answer = await ledger.admit(admission(call, authorization, asks))
    if (answer.kind === 'admitted') said.push(`intent ${answer.seq} ${call}`)
    return answer.kind === 'held' ? answer.approvalId : undefined
  }
  const complete = async (call: string, status: 'succeeded' | 'not_sent' = 'succeeded', keep?: string): Promise<void> => {
    const answer = await ledger.complete({ kind: 'complete', callId: call, status, body: JSON.stringify({ call, status, keep }).slice(0, -1), ...(keep === undefined ? {} : { keep }) })
    if (answer.kind === 'closed') said.push(`outcome ${answer.seq} ${call}`)
  }
  const key = (name: string) => ({ idempotency: { key: name, fingerprint: fingerprintOf(name) } })

  said.push('ready', `note ${(await ledger.note({ kind: 'note', body: '{"call":"n"' })).seq} n`)
  await admit('open')
  await admit('done')
  await complete('done')
  await admit('not-sent', key('returned'))
  await complete('not-sent', 'not_sent')
  await admit('once', key('kept'))
  await complete('once', 'succeeded', answerOf('once'))
  said.push('kept kept once')
  await admit('unknown', key('open'))
  const id = (await admit('asks', { approval: approvalOf('digest', 'apv') })) ?? ''
  const vote = { person: VOTER, principal: 'grace-account', decision: 'approve', reason: 'because' } as const
  await ledger.vote({ kind: 'vote', approvalId: id, authorization, vote, body: '{"call":"v"' })
  said.push(`voted ${id} ${VOTER}`, 'rejected storage_unreachable admit x')
  await admit('approved', { approval: approvalOf('digest', 'apv-2', id) })
  await complete('approved')
  clock.set(clock.now() + 10)
  return door
}

type Lie = (door: TenantDoor) => TenantDoor
const ledgerThat = (change: (ledger: TenantDoor['ledger']) => Partial<TenantDoor['ledger']>): Lie => (door) => ({ ...door, ledger: { ...door.ledger, ...change(door.ledger) } })
const logThat = (change: (log: TenantDoor['log']) => Partial<TenantDoor['log']>): Lie => (door) => ({ ...door, log: { ...door.log, ...change(door.log) } })

/** The log with the text of one record changed, and its leaf with it. */
const rewritten = (from: string, to: string): Lie => logThat((log) => ({
  read: async (range) => (await log.read(range)).map((record) => ({ ...record, bytes: Buffer.from(Buffer.from(record.bytes).toString().replace(from, to)) })),
}))

test('of what a store does right, the audit has nothing to say', async () => {
  expect(await auditTenant(await lived(), said)).toMatchObject({ acknowledged: said.length - 2, reconciled: 2, approvals: 1, keys: 2, problems: [] })
})

test.each<[string, Lie, RegExp]>([
  ['its end is cut off', logThat((log) => ({ size: async () => (await log.size()) - 1, read: async ({ from, limit }) => log.read({ from, limit }) })), /^lost: outcome/],
  ['a record in the middle is missing', logThat((log) => ({ read: async (range) => (await log.read(range)).toSpliced(3, 1) })), /records|says that it is/],
  ['a leaf is another', logThat((log) => ({ leaves: async (range) => (await log.leaves(range)).toReversed() })), /another leaf/],
  ['a record was rewritten', rewritten('"call":"done"', '"call":"gone"'), /another leaf|lost: intent/],
  ['an open call is not known any more', ledgerThat((ledger) => ({ due: async (query) => (await ledger.due(query)).slice(1) })), /^open calls/],
  ['a reservation is forgotten', ledgerThat((ledger) => ({ callsOf: async (who) => ({ ...await ledger.callsOf(who), reserved: 0 }) })), /^usage/],
  ["the tenant's count is off by one", ledgerThat((ledger) => ({ judge: async (item) => ledger.judge({ ...item, limits: { ...item.limits, included: 1 } }) })), /^the tenant's usage/],
  ['an approval that was used is not consumed', ledgerThat((ledger) => ({ approval: async (id) => ({ ...(await ledger.approval(id))!, state: 'granted' as const }) })), /^the state of apv/],
  ['a vote is lost', ledgerThat((ledger) => ({ approval: async (id) => ({ ...(await ledger.approval(id))!, votes: [] }) })), /^the votes of apv/],
  ['what was kept is another answer', ledgerThat((ledger) => ({ admit: async (item) => Object.assign(await ledger.admit(item), { answer: 'another' }) })), /^what is kept of kept/],
  ['reconciling closes nothing', ledgerThat(() => ({ reconcile: async () => ({ kind: 'not_open' }) })), /^reconciled/],
])('the audit notices when %s', async (_what, lie, says) => {
  const { problems } = await auditTenant(lie(await lived()), said)
  expect(problems.filter((problem) => says.test(problem))).not.toEqual([])
})

test.each([
  ['intent 99 nowhere', 'lost: intent 99 nowhere'], ['voted apv-9 grace', 'lost: voted apv-9 grace'], ['kept returned not', 'lost: kept returned not'],
  ['wrong key-1 repeats the answer of another call', 'wrong key-1 repeats the answer of another call'], ['rejected TypeError: x admit y', 'rejected TypeError: x admit y'], ['garbage', 'garbage'],
])('the audit notices what a writer said: %s', async (line, problem) => {
  const door = await lived()
  expect((await auditTenant(door, [...said, line])).problems).toEqual([problem])
})
