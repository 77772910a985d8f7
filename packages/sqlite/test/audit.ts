import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import type { TenantDoor } from '@portcullis/core/ports'

interface Row {
  readonly call: string
  readonly step: string
}

/** Reads a tenant's log whole, and expects it gapless, with the right leaves, and in agreement with open calls and usage. */
export async function auditTenant({ log, ledger }: TenantDoor): Promise<readonly Row[]> {
  const size = await log.size()
  const records = await log.read({ from: 0, limit: size + 1 })
  const leaves = await log.leaves({ from: 0, limit: size + 1 })
  const rows = records.map(({ bytes }) => JSON.parse(new TextDecoder().decode(bytes)) as Row & { seq: number })
  expect([rows.length, leaves.length]).toEqual([size, size])
  expect(rows.every(({ seq }, place) => seq === place && records[place]!.seq === place)).toBe(true)
  expect(records.every(({ bytes }, place) => createHash('sha256').update(Uint8Array.of(0)).update(bytes).digest().equals(leaves[place]!))).toBe(true)

  const ended = new Set(rows.filter(({ step }) => step !== 'intent').map(({ call }) => call))
  const intents = rows.filter(({ step }) => step === 'intent').map(({ call }) => call)
  const open = intents.filter((call) => !ended.has(call))
  const due = await ledger.due({ limit: 1e6 })
  expect(due.map(({ callId }) => callId)).toEqual(open)
  expect(await ledger.callsOf('ada')).toEqual({ used: ended.size, reserved: open.length })
  expect(new Set(intents).size).toBe(intents.length)
  return rows
}
