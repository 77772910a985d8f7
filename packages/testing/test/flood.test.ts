import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { memoryStorage } from '@portcullis/core/memory'
import type { Storage } from '@portcullis/core/ports'
import { NAMED } from '../src/arbitrary/call.ts'
import { soundToken } from '../src/arbitrary/token.ts'
import { openScene } from '../src/explore/scene.ts'
import { tokenOf } from '../src/world/tokens.ts'
import { settled } from '../src/world/virtual-clock.ts'
import { BENIGN } from './pretend/benign.ts'
import { CONNECTORS } from './pretend/connectors.ts'

const FLOOD = 100_000

verifies(['CH-18', 'shed'], '100,000 refused calls, lists and explanations add at most 100 records, and what is shed is counted', async () => {
  let inner: Storage | undefined
  const scene = await openScene(BENIGN, { connectors: CONNECTORS, storage: (clock) => (inner = memoryStorage({ clock })), shedding: {} })
  const { portcullis, clock } = scene
  const token = tokenOf(soundToken(BENIGN, 'north', 'ann'), clock.now())
  const codes = new Map<string, number>()
  for (let at = 0; at < FLOOD; at++) {
    const customer = ['acme', 'globex', 'nobody', `invented${at}`, 'not an id'][at % 5] ?? ''
    const request = { token, endpoint: { kind: 'customer' as const, customer } }
    const call = { ...request, tool: at % 3 === 0 ? `psa.invented${at}` : (NAMED[at % NAMED.length]?.name ?? ''), arguments: { odd: at, id: 999 }, ...(at % 7 === 0 ? { approvalId: `apr_${at}` } : {}) }
    if (at % 50 === 0) await portcullis.list(request)
    else if (at % 50 === 1) await portcullis.explain(call, 'caller')
    else {
      const outcome = await portcullis.enforce({ ...call, tool: call.tool.startsWith('psa.') && !call.tool.includes('invented') ? 'psa.export_all' : call.tool })
      expect(outcome.kind).toBe('denial')
      if ('code' in outcome) codes.set(outcome.code, (codes.get(outcome.code) ?? 0) + 1)
    }
  }
  clock.jump(61_000)
  await settled()
  const { log } = await (inner as unknown as Storage).tenant('north')
  const size = await log.size()
  expect(size).toBeGreaterThan(2)
  expect(size).toBeLessThanOrEqual(100)
  expect(codes.get('shed')).toBeGreaterThan(FLOOD / 2)
  expect(portcullis.health().counters.shed).toBeGreaterThanOrEqual(codes.get('shed') ?? 0)
  await portcullis.close()
}, 300_000)
