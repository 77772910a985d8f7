import { createHash } from 'node:crypto'
import type { Log } from '@portcullis/core/ports'

/** What the log says of one record. */
export interface Row {
  readonly seq: number
  readonly step: string
  readonly call: string
  readonly approval?: string
  readonly status?: string
  readonly keep?: string
  readonly key?: string
}

const PAGE = 5_000

/** Reads records `from` up to the end, and tells what is wrong with their places and leaves. */
export async function readLog(log: Log, from: number, problems: string[]): Promise<readonly Row[]> {
  const size = await log.size()
  const rows: Row[] = []
  for (let at = from; at < size; at += PAGE) {
    const limit = Math.min(PAGE, size - at)
    const [records, leaves] = await Promise.all([log.read({ from: at, limit }), log.leaves({ from: at, limit })])
    if (records.length !== limit || leaves.length !== limit) problems.push(`records ${at} to ${at + limit}: ${records.length} records, ${leaves.length} leaves`)
    for (const [place, { seq, bytes }] of records.entries()) {
      const row = JSON.parse(new TextDecoder().decode(bytes)) as Row
      if (seq !== at + place || row.seq !== seq) problems.push(`record ${at + place} says that it is ${seq} and ${row.seq}`)
      const leaf = createHash('sha256').update(Uint8Array.of(0)).update(bytes).digest()
      if (leaves[place] === undefined || !leaf.equals(leaves[place])) problems.push(`record ${seq} has another leaf`)
      rows.push(row)
    }
  }
  return rows
}

/** What must be true by what the log says, and by nothing else. */
export interface History {
  readonly open: ReadonlySet<string>
  readonly used: number
  /** Approvals that a request was opened for: the call that holds it now, if any. */
  readonly approvals: ReadonlyMap<string, string | undefined>
  readonly voted: ReadonlySet<string>
  /** Keys: the call that has it, with what was kept of it. */
  readonly keys: ReadonlyMap<string, { readonly call: string; readonly keep: string | undefined; readonly done: boolean }>
}

/** Plays the records again, one by one. */
export function replay(rows: readonly Row[], problems: string[]): History {
  const intents = new Map<string, Row>()
  const open = new Set<string>()
  const approvals = new Map<string, string | undefined>()
  const voted = new Set<string>()
  const keys = new Map<string, { call: string; keep: string | undefined; done: boolean }>()
  let used = 0
  for (const row of rows) {
    const { seq, step, call, approval, key } = row
    if (step === 'intent') {
      if (intents.has(call)) problems.push(`record ${seq}: ${call} is admitted twice`)
      intents.set(call, row)
      open.add(call)
      if (approval !== undefined) {
        if (approvals.get(approval) !== undefined) problems.push(`record ${seq}: ${approval} is used by ${call} and ${approvals.get(approval)}`)
        if (!voted.has(approval)) problems.push(`record ${seq}: ${approval} is used without a vote`)
        approvals.set(approval, call)
      }
      if (key !== undefined) {
        if (keys.has(key)) problems.push(`record ${seq}: ${key} is given to ${call} and ${keys.get(key)?.call}`)
        keys.set(key, { call, keep: undefined, done: false })
      }
    } else if (step === 'outcome' || step === 'abandoned' || step === 'reconciled') {
      const intent = intents.get(call)
      if (!open.delete(call)) problems.push(`record ${seq}: ${call} is closed while it is not open`)
      const returned = step === 'abandoned' || row.status === 'not_sent'
      if (!returned) used += 1
      if (returned && intent?.approval !== undefined) approvals.set(intent.approval, undefined)
      if (intent?.key === undefined) continue
      if (returned) keys.delete(intent.key)
      else if (step === 'outcome') keys.set(intent.key, { call, keep: row.keep, done: true })
    } else if (step === 'held') approvals.set(approval ?? '', undefined)
    else if (step === 'vote') voted.add(approval ?? '')
    else if (step !== 'note') problems.push(`record ${seq} is a ${step}`)
  }
  return { open, used, approvals, voted, keys }
}
