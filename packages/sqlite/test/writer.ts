import { writeSync } from 'node:fs'
import { Fault } from '@portcullis/core'
import { sqliteStorage } from '@portcullis/sqlite'

/**
 * Runs in a process of its own: makes calls from many callers at the same time and says each answer when it has it, one line each:
 * `intent <seq> <call>`, `outcome <seq> <call>`, `rejected <code> <call>`. Ends when it is killed, or after some rejections.
 */
const [folder = '', run = '0', callers = '64'] = process.argv.slice(2)
const say = (line: string): void => void writeSync(1, `${line}\n`)

const LIMITS = { included: 1e9, overage: false, tenantPerMinute: 1e9, principalPerMinute: 1e9 }
let calls = 0
let rejections = 0

try {
  const { ledger, authorize } = await sqliteStorage(folder).tenant('northwind')
  const authorization = await authorize('facts')
  say('ready')

  const caller = async (): Promise<void> => {
    while (rejections < 200) {
      const call = `run-${run}-${(calls += 1)}`
      try {
        const admitted = await ledger.admit({
          kind: 'admit', callId: call, authorization, principal: 'ada', limits: LIMITS, deadlineMs: 3_600_000, job: { instance: 'psa', tool: 'psa.close' },
          body: `{"call":"${call}","padding":"${'x'.repeat(400)}"`,
        })
        if (admitted.kind !== 'admitted') throw new Error(`not admitted: ${admitted.kind}`)
        say(`intent ${admitted.seq} ${call}`)
        if (calls % 7 === 0) continue // its outcome is never reported
        const closed = await ledger.complete({ kind: 'complete', callId: call, status: 'succeeded', body: `{"call":"${call}"` })
        if (closed.kind !== 'closed') throw new Error(`not closed: ${closed.kind}`)
        say(`outcome ${closed.seq} ${call}`)
      } catch (fault) {
        rejections += 1
        say(`rejected ${fault instanceof Fault ? fault.code : String(fault)} ${call}`)
      }
    }
  }
  await Promise.all(Array.from({ length: Number(callers) }, caller))
} catch (fault) {
  say(`refused ${fault instanceof Fault ? fault.code : 'unknown'} ${String(fault)}`)
}
