import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { memoryStorage } from '@portcullis/core/memory'
import { FAULTS, type Plan } from '../src/faults/fault.ts'
import { rehearse } from '../src/faults/rehearse.ts'
import { VERBS } from '../src/faults/wrap.ts'
import { BENIGN } from './pretend/benign.ts'
import { CONNECTORS } from './pretend/connectors.ts'

const play = (...plans: readonly Plan[]) => rehearse(BENIGN, CONNECTORS, (clock) => memoryStorage({ clock }), plans)

test('without faults the script is read, done, held, done, used up, not sent, refused, done and told again', async () => {
  const { outcomes, broken, struck } = await play()
  expect(outcomes.map((outcome) => ('code' in outcome ? outcome.code : outcome.kind))).toEqual(['result', 'result', 'approval_required', 'result', 'approval_consumed', 'credential_unavailable', 'customer_out_of_scope', 'result', 'result'])
  expect(broken).toEqual([])
  expect(struck).toBe(0)
})

/** Broken by nothing but another fault, or not asked by a call. */
const RARELY = new Set(['ledger.abandon', 'ledger.recall', 'ledger.approval', 'ledger.reconcile'])

describe('CH-12, CH-14, AUD-07, QUO-04: every verb of every port, broken in every way', () => {
  for (const verb of VERBS) {
    verifies(['CH-12', 'CH-14', 'audit_unavailable'], `${verb}: no false result, no dispatch without an intent, no effect denied, nothing left open`, async () => {
      let struck = 0
      for (const fault of FAULTS) {
        for (const sticky of [false, true]) {
          for (const from of [0, 1, 2, 3, 4]) {
            const plan = { verb, fault, from, sticky }
            const rehearsal = await play(plan)
            expect(rehearsal.broken, JSON.stringify(plan)).toEqual([])
            struck += rehearsal.struck
          }
        }
      }
      if (!RARELY.has(verb)) expect(struck).toBeGreaterThanOrEqual(10)
      return { cases: 60 }
    }, 300_000)
  }
})

verifies('CH-14', 'an outcome that cannot be recorded, with the reconciler broken beside it', async () => {
  let struck = 0
  for (const first of FAULTS) {
    for (const verb of ['ledger.due', 'ledger.reconcile', 'dispatcher.dispatch']) {
      for (const fault of FAULTS) {
        const plans: readonly Plan[] = [{ verb: 'ledger.complete', fault: first, from: 0, sticky: true }, { verb, fault, from: 0, sticky: true }]
        const rehearsal = await play(...plans)
        expect(rehearsal.broken, JSON.stringify(plans)).toEqual([])
        struck += rehearsal.struck
      }
    }
  }
  expect(struck).toBeGreaterThan(400)
}, 300_000)

verifies('CH-12', 'an admission that nobody is sure of, with a second verb broken beside it', async () => {
  let struck = 0
  for (const first of FAULTS) {
    for (const verb of ['ledger.abandon', 'ledger.complete', 'ledger.note', 'ledger.due', 'ledger.reconcile']) {
      for (const fault of FAULTS) {
        const plans: readonly Plan[] = [{ verb: 'ledger.admit', fault: first, from: 1, sticky: false }, { verb, fault, from: 0, sticky: true }]
        const rehearsal = await play(...plans)
        expect(rehearsal.broken, JSON.stringify(plans)).toEqual([])
        struck += rehearsal.struck
      }
    }
  }
  expect(struck).toBeGreaterThan(150)
}, 300_000)
