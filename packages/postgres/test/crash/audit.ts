import type { TenantDoor } from '@portcullis/core/ports'
import { readLog, replay, type History, type Row } from './history.ts'
import { admission, answerOf, fingerprintOf, PLENTY, PRINCIPAL, VOTER } from './task.ts'

export interface Audit {
  readonly records: number
  readonly acknowledged: number
  readonly reconciled: number
  readonly approvals: number
  readonly keys: number
  readonly problems: readonly string[]
}

/** Keys that are tried, of each run: each one is a statement. */
const TRIED = 40

/** Compares what the writers were told with what is there, plays the log again, and closes what was left open, as a new owner does. */
export async function auditTenant(door: TenantDoor, said: readonly string[]): Promise<Audit> {
  const problems: string[] = []
  const same = (what: string, found: unknown, expected: unknown): void => {
    const [left, right] = [JSON.stringify(found), JSON.stringify(expected)]
    if (left !== right) problems.push(`${what}: ${left.slice(0, 300)}, expected ${right.slice(0, 300)}`)
  }
  const { ledger, log } = door
  const rows = await readLog(log, 0, problems)
  const history = replay(rows, problems)
  const acknowledged = compare(said, rows, history, problems)

  const due = await ledger.due({ limit: 1_000_000 })
  same('open calls', due.map(({ callId }) => callId).toSorted(), [...history.open].toSorted())
  same('usage', await ledger.callsOf(PRINCIPAL), { used: history.used, reserved: history.open.size })
  const judged = await ledger.judge({ principal: PRINCIPAL, limits: PLENTY })
  same("the tenant's usage", judged.kind === 'clear' ? judged.usage : judged, { used: history.used, reserved: history.open.size + 1 })
  for (const [id, holder] of history.approvals) {
    const approval = await ledger.approval(id)
    const expected = holder !== undefined ? 'consumed' : history.voted.has(id) ? 'granted' : 'pending'
    same(`the state of ${id}`, approval?.state, expected)
    same(`the votes of ${id}`, approval?.votes.map(({ person }) => person), history.voted.has(id) ? [VOTER] : [])
  }

  const closed = await Promise.all(due.map(({ callId }) => ledger.reconcile({ kind: 'reconcile', callId, status: 'indeterminate', body: `{"call":${JSON.stringify(callId)}` })))
  same('reconciled', closed.filter(({ kind }) => kind === 'closed').length, due.length)
  const after = replay([...rows, ...await readLog(log, rows.length, problems)], problems)
  same('open after that', [after.open.size, await ledger.due({ limit: 1 })], [0, []])
  same('usage after that', await ledger.callsOf(PRINCIPAL), { used: history.used + due.length, reserved: 0 })
  for (const { callId } of due.slice(0, 3)) {
    same('a late outcome', await ledger.complete({ kind: 'complete', callId, status: 'succeeded', body: '{"call":"late"' }), { kind: 'not_open' })
  }

  const authorization = await door.authorize('facts')
  for (const [key, { call, keep, done }] of [...after.keys].slice(-TRIED)) {
    const again = await ledger.admit(admission('tried again', authorization, { idempotency: { key, fingerprint: fingerprintOf(key) } }))
    same(`what is kept of ${key}`, again, keep === undefined ? { kind: 'conflict', effect: done ? 'done' : 'unknown' } : { kind: 'repeated', callId: call, answer: answerOf(call) })
  }
  return { records: rows.length, acknowledged, reconciled: due.length, approvals: history.approvals.size, keys: after.keys.size, problems }
}

const RECORDS = new Set(['intent', 'outcome', 'abandoned', 'note'])

/** Whatever a writer was told is there. Answers how much it was told. */
function compare(said: readonly string[], rows: readonly Row[], { voted, keys }: History, problems: string[]): number {
  let acknowledged = 0
  for (const line of said) {
    const [word = '', first = '', call = ''] = line.split(' ')
    const row = rows[Number(first)]
    if (RECORDS.has(word) ? row?.step === word && row.call === call : word === 'voted' ? voted.has(first) : word === 'kept' ? keys.get(first)?.keep === answerOf(call) : undefined) acknowledged += 1
    else if (RECORDS.has(word) || word === 'voted' || word === 'kept') problems.push(`lost: ${line}`)
    else if (word === 'rejected' ? !first.startsWith('storage_') : word !== 'ready') problems.push(line)
  }
  return acknowledged
}
