import { writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '@portcullis/core'
import type { AdmitAnswer, AdmitItem, CompleteItem, TenantDoor } from '@portcullis/core/ports'
import { postgresStorage } from '@portcullis/postgres'
import { admission, answerOf, approvalOf, fingerprintOf, VOTER, type Task } from './task.ts'

/**
 * Runs in a process of its own until it is killed: makes calls of every kind from many callers at the same time and says each answer
 * when it has it, one line each: `<step> <seq> <call>` of a record, `voted <approval> <person>`, `kept <key> <call>`,
 * `wrong <what>`, and `rejected <code> <verb> <call>` of whatever it was not told. Then it does what the gates do: it refuses the call,
 * asks whether the intent is there, and gives it back.
 */
const task = JSON.parse(process.argv[2] ?? '') as Task
const say = (line: string): void => void writeSync(1, `${line}\n`)

const open = (): Promise<TenantDoor> => postgresStorage({ connection: { ...task.connection, max: 4 }, role: task.role }).tenant(task.tenant)
const { ledger, authorize } = await open()
const authorization = await authorize('facts')
say('ready')

/** Answers undefined when nobody knows what became of it. */
async function known<T>(verb: string, call: string, asked: () => Promise<T>): Promise<T | undefined> {
  try {
    return await asked()
  } catch (fault) {
    say(`rejected ${fault instanceof Fault ? fault.code : String(fault)} ${verb} ${call}`)
    await pause(100) // a server that recovers has better things to do than to refuse connections
    return undefined
  }
}

/** Asks until there is an answer: the server comes back. */
async function until<T>(verb: string, call: string, asked: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await known(verb, call, async () => ({ value: await asked() }))
    if (answer !== undefined) return answer.value
  }
}

async function giveBack(call: string): Promise<void> {
  const answer = await until('abandon', call, () => ledger.abandon({ kind: 'abandon', callId: call, body: `{"call":"${call}"` }))
  if (answer.kind === 'closed') say(`abandoned ${answer.seq} ${call}`)
}

/** Undefined unless it was admitted. */
async function admit(item: AdmitItem): Promise<AdmitAnswer | undefined> {
  const answer = await known('admit', item.callId, () => ledger.admit(item))
  if (answer?.kind === 'admitted') say(`intent ${answer.seq} ${item.callId}`)
  if (answer !== undefined) return answer
  if ((await until('recall', item.callId, () => ledger.recall(item.callId))) !== undefined) await giveBack(item.callId)
  return undefined
}

/** True when this process has been told that the outcome is there. */
async function complete(call: string, status: CompleteItem['status'] = 'succeeded', keep?: string): Promise<boolean> {
  const item: CompleteItem = { kind: 'complete', callId: call, status, body: JSON.stringify({ call, status, keep }).slice(0, -1), ...(keep === undefined ? {} : { keep }) }
  const answer = await known('complete', call, () => ledger.complete(item))
  const closed = answer ?? (await until('complete', call, () => ledger.complete(item))) // the first one may have been committed
  if (closed.kind === 'closed') say(`outcome ${closed.seq} ${call}`)
  else if (answer !== undefined) say(`wrong ${call} was closed by somebody else`)
  return true
}

async function approved(call: string, turn: number): Promise<void> {
  const digest = `digest-${turn}`
  const approval = approvalOf(digest, `apv-${task.name}-${turn}`)
  const held = await admit(admission(`${call}-asks`, authorization, { approval }))
  if (held?.kind !== 'held') {
    if (held?.kind === 'admitted') await complete(`${call}-asks`)
    return
  }
  const vote = { person: VOTER, principal: `${VOTER}-account`, decision: 'approve', reason: 'because' } as const
  const voted = await known('vote', held.approvalId, () => ledger.vote({ kind: 'vote', approvalId: held.approvalId, authorization, vote, body: `{"call":"${call}"` }))
  if (voted?.kind === 'voted') say(`voted ${held.approvalId} ${VOTER}`)
  await Promise.all(['a', 'b'].map(async (which) => {
    const item = admission(`${call}-${which}`, authorization, { approval: approvalOf(digest, `apv-${task.name}-${turn}-${which}`, held.approvalId) })
    if ((await admit(item))?.kind === 'admitted') await complete(item.callId, turn % 4 === 0 ? 'not_sent' : 'succeeded')
  }))
}

async function once(call: string, turn: number): Promise<void> {
  const key = `key-${turn}`
  const answer = await admit(admission(call, authorization, { idempotency: { key, fingerprint: fingerprintOf(key) } }))
  if (answer?.kind === 'admitted' && (await complete(call, 'succeeded', answerOf(call)))) say(`kept ${key} ${call}`)
  if (answer?.kind === 'repeated' && answer.answer !== answerOf(answer.callId)) say(`wrong ${key} repeats the answer of another call`)
}

async function note(call: string): Promise<void> {
  const answer = await known('note', call, () => ledger.note({ kind: 'note', body: `{"call":"${call}"` }))
  if (answer !== undefined) say(`note ${answer.seq} ${call}`)
}

async function plain(call: string, end: () => Promise<unknown>): Promise<void> {
  if ((await admit(admission(call, authorization)))?.kind === 'admitted') await end()
}

/** Of 20 turns: 1 note, 1 with an approval that two calls want, 2 with one idempotency key, 1 left open, 1 not sent, 1 given back. */
function turn(count: number): Promise<void> {
  const call = `${task.name}-${count}`
  const round = Math.floor(count / 20)
  switch (count % 20) {
    case 0: return note(call)
    case 1: return approved(call, round)
    case 2: case 3: return once(call, round)
    case 4: return plain(call, () => Promise.resolve())
    case 5: return plain(call, () => complete(call, 'not_sent'))
    case 6: return plain(call, () => giveBack(call))
    default: return plain(call, () => complete(call))
  }
}

let turns = 0
await Promise.all(Array.from({ length: task.callers }, async () => {
  for (;;) await turn(turns++)
}))
