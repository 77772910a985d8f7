import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Approval, KeptAnswer, LedgerView, OpenCall, Usage } from '@portcullis/core/ports'
import { keyText } from './key-text.ts'
import type { TenantRecords } from './tenant-records.ts'

/** What the ledger's rules see of one tenant's file. Counters of a batch are written once, when it ends. */
export class TenantState {
  readonly view: LedgerView
  readonly #usage = new Map<string, Usage>()
  readonly #rates = new Map<string, number>()
  readonly #setUsage: StatementSync
  readonly #setRate: StatementSync
  readonly #openCalls: StatementSync

  constructor(database: DatabaseSync, records: TenantRecords, authorization: () => number) {
    const sql = (text: string): StatementSync => database.prepare(text)
    const usage = sql('SELECT used, reserved FROM usage WHERE counter = ?')
    const rate = sql('SELECT tat FROM rate WHERE key = ?')
    const approval = sql('SELECT body FROM approval WHERE id = ?')
    const newest = sql('SELECT body FROM approval WHERE digest = ? ORDER BY opened DESC LIMIT 1')
    const pending = sql('SELECT count(*) AS open FROM approval WHERE pending = 1 AND expires_at > ?')
    const pendingOf = sql('SELECT count(*) AS open FROM approval WHERE pending = 1 AND requester = ? AND expires_at > ?')
    const putApproval = sql(`INSERT INTO approval (id, digest, requester, pending, expires_at, body) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET pending = excluded.pending, expires_at = excluded.expires_at, body = excluded.body`)
    const kept = sql('SELECT body FROM kept WHERE key = ?')
    const putKept = sql('INSERT OR REPLACE INTO kept (key, expires_at, body) VALUES (?, ?, ?)')
    const removeKept = sql('DELETE FROM kept WHERE key = ?')
    const forgetKept = sql('DELETE FROM kept WHERE key IN (SELECT key FROM kept WHERE expires_at <= ? ORDER BY expires_at LIMIT 64)')
    const openCall = sql('SELECT deadline, body FROM open_call WHERE call_id = ?')
    const putOpenCall = sql('INSERT INTO open_call (seq, call_id, deadline, body) VALUES (?, ?, ?, ?)')
    const removeOpenCall = sql('DELETE FROM open_call WHERE call_id = ?')
    this.#openCalls = sql('SELECT deadline, body FROM open_call WHERE deadline <= ? ORDER BY seq LIMIT ?')
    this.#setUsage = sql('INSERT OR REPLACE INTO usage (counter, used, reserved) VALUES (?, ?, ?)')
    this.#setRate = sql('INSERT OR REPLACE INTO rate (key, tat) VALUES (?, ?)')

    this.view = {
      authorization,
      usage: (counter) => this.#usage.get(counter) ?? (usage.get(keyText(counter)) as Usage | undefined),
      setUsage: (counter, value) => void this.#usage.set(counter, value),
      rate: (key) => this.#rates.get(key) ?? (rate.get(keyText(key))?.['tat'] as number | undefined),
      setRate: (key, tat) => void this.#rates.set(key, tat),
      approval: (id) => readApproval(approval.get(keyText(id))),
      newestApproval: (digest) => readApproval(newest.get(keyText(digest))),
      pendingApprovals: (now, requester) => Number((requester === undefined ? pending.get(now) : pendingOf.get(keyText(requester), now))?.['open']),
      putApproval: (value) => {
        const { id, digest, requester, state, expiresAt } = value
        putApproval.run(keyText(id), keyText(digest), keyText(requester), state === 'pending' ? 1 : 0, expiresAt, JSON.stringify(value))
      },
      kept: (key) => readKept(kept.get(keyText(key))),
      putKept: (value) => void putKept.run(keyText(value.key), value.expiresAt, JSON.stringify(value)),
      removeKept: (key) => void removeKept.run(keyText(key)),
      forgetKept: (now) => void forgetKept.run(now),
      openCall: (callId) => readOpenCall(openCall.get(keyText(callId))),
      putOpenCall: (call) => void putOpenCall.run(call.seq, keyText(call.callId), call.deadline, JSON.stringify(call)),
      removeOpenCall: (callId) => void removeOpenCall.run(keyText(callId)),
      append: (at, bytes) => records.append(at, bytes),
      size: () => records.size,
    }
  }

  /** Writes what the batch counted. */
  flush(): void {
    for (const [counter, { used, reserved }] of this.#usage) this.#setUsage.run(keyText(counter), used, reserved)
    for (const [key, tat] of this.#rates) this.#setRate.run(keyText(key), tat)
  }

  /** The batch is over, one way or the other. */
  forget(): void {
    this.#usage.clear()
    this.#rates.clear()
  }

  openCalls({ before, limit }: { readonly before: number; readonly limit: number }): OpenCall[] {
    return this.#openCalls.all(before, limit).flatMap((row) => readOpenCall(row) ?? [])
  }
}

type Row = Readonly<Record<string, unknown>> | undefined

function readApproval(row: Row): Approval | undefined {
  return row === undefined ? undefined : (JSON.parse(String(row['body'])) as Approval)
}

function readKept(row: Row): KeptAnswer | undefined {
  return row === undefined ? undefined : (JSON.parse(String(row['body'])) as KeptAnswer)
}

/** The column rules: an owner who died has its deadlines set to 0. */
function readOpenCall(row: Row): OpenCall | undefined {
  return row === undefined ? undefined : { ...(JSON.parse(String(row['body'])) as OpenCall), deadline: Number(row['deadline']) }
}
