import { beforeAll, expect } from 'vitest'
import { CODES, type Code } from '@portcullis/core'
import { verifies } from '@portcullis/test-support'
import type { Explored } from '../../src/explore/explore.ts'
import { OUT_OF_REACH } from '../../src/explore/reach.ts'
import { explorePart, OFTEN_ENOUGH } from './runs.ts'

let any: Explored
let dramas: Explored
beforeAll(async () => {
  any = await explorePart(6)
  dramas = await explorePart(7, 'dramas')
}, 600_000)

verifies(['CH-10', 'AP-01', 'EM-04'], 'destructive calls are held, opened, granted, consumed and refused as the oracle says', () => {
  for (const code of ['approval_required', 'approval_pending', 'approval_consumed', 'approval_refused', 'approval_expired', 'approval_stale'] as const) {
    expect(dramas.reach.counts.get(code), code).toBeGreaterThanOrEqual(10)
  }
})

verifies(['AP-02', 'AP-03'], 'votes count, or are refused, as the oracle says', () => {
  for (const code of ['self_approval', 'step_up_required', 'not_found', 'approval_stale', 'already_voted'] as const) {
    expect(dramas.reach.counts.get(code), code).toBeGreaterThanOrEqual(OFTEN_ENOUGH)
  }
})

verifies(['CH-14', 'idempotency_conflict'], 'a call with a key that was made before is told the same again, where the oracle says so', () => {
  expect(any.reach.counts.get('again')).toBeGreaterThanOrEqual(100)
})

const within = (Object.keys(CODES) as Code[]).filter((code) => OUT_OF_REACH[code] === undefined)
for (let at = 0; at < within.length; at += 3) {
  const three = within.slice(at, at + 3)
  verifies(three, 'met often enough, each time where the oracle expects it', () => {
    for (const code of three) expect(any.reach.counts.get(code), code).toBeGreaterThanOrEqual(OFTEN_ENOUGH)
  })
}
