import { Fault } from '@portcullis/core'
import { assertRange, type AdmitAnswer, type Approval, type CloseAnswer, type Ledger, type NoteAnswer, type OpenCall, type Usage, type VoteAnswer } from '@portcullis/core/ports'
import { Appender } from './appender.ts'
import { Batch, columnsOf } from './batch.ts'
import type { Door } from './door.ts'
import { findText, keyText } from './key-text.ts'

/** How long the open intents that were handed out are nobody else's (ms). */
const LEASE = 60_000

type Judgement = Awaited<ReturnType<Ledger['judge']>>

/** One tenant's durable decisions: what changes something goes through the queue, questions are one statement each. */
export function ledgerOf(door: Door): Ledger {
  const { place, tenant, name, owner, now } = door
  const appender = new Appender(door)
  const ask = async <T>(name: string, ...values: readonly unknown[]): Promise<T> => (await place.call(name, [tenant, place.role, ...values])) as T
  return {
    admit: (item) => appender.push<AdmitAnswer>(item),
    complete: (item) => appender.push<CloseAnswer>(item),
    abandon: (item) => appender.push<CloseAnswer>(item),
    reconcile: (item) => appender.push<CloseAnswer>(item),
    note: (item) => appender.push<NoteAnswer>(item),
    vote: (item) => appender.push<VoteAnswer>(item),
    recall: (callId) => ask<OpenCall | undefined>('recall', keyText(callId)),
    due: async ({ limit }) => {
      assertRange({ from: 0, limit })
      return ask<readonly OpenCall[]>('due', now(), owner, LEASE, limit)
    },
    approval: (id) => ask<Approval | undefined>('approval_of', keyText(id)),
    callsOf: async (principal) => (await ask<Usage | undefined>('calls_of', now(), findText(principal))) ?? { used: 0, reserved: 0 },
    judge: async (item) => {
      const columns = columnsOf([new Batch([{ ...item, kind: 'judge' }])])
      const [judged] = await ask<readonly Judgement[]>('step', now(), name, ...columns, null)
      if (judged === undefined) throw new Fault('storage_failed', 'PostgreSQL gave no answer.')
      return judged
    },
  }
}
