import fc from 'fast-check'
import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { STAGES } from '@portcullis/core'
import { memoryStorage } from '@portcullis/core/memory'
import { NAMED, requestArbitrary } from '../src/arbitrary/call.ts'
import { worldArbitrary } from '../src/arbitrary/world.ts'
import { openScene } from '../src/explore/scene.ts'
import { tokenOf } from '../src/world/tokens.ts'
import { CONNECTORS, definitions } from './pretend/connectors.ts'

const numberOf = (gate: string | undefined): number => STAGES.find((stage) => stage.gate === gate)?.number ?? 99

verifies(['CH-15', 'CH-17', 'tool_unknown'], 'listed is callable or curable, known is denied at gate 5 or later, unknown is an invented name; in lists, calls and explanations alike', async () => {
  const met = { listed: 0, cured: 0, known: 0, unknown: 0, denied: 0 }
  await fc.assert(
    fc.asyncProperty(worldArbitrary(definitions).chain((world) => fc.tuple(fc.constant(world), fc.array(requestArbitrary(world), { minLength: 3, maxLength: 3 }))), async ([world, requests]) => {
      const { portcullis, clock } = await openScene(world, { connectors: CONNECTORS, storage: (time) => memoryStorage({ clock: time }) })
      for (const { token, endpoint, tenantsNamed } of requests) {
        const request = { token: token === undefined ? undefined : tokenOf(token, clock.now()), endpoint, tenantsNamed }
        const list = await portcullis.list(request)
        const invented = await portcullis.enforce({ ...request, tool: 'psa.invented', arguments: { id: 101 } })
        if (list.kind !== 'list') {
          // Gates 1 to 4 judge the request: the same denial for the list and for every name.
          met.denied += 1
          expect(invented).toEqual({ ...list, decisionId: expect.any(String) })
          const again = await portcullis.enforce({ ...request, tool: 'psa.list_tickets', arguments: {} })
          expect(again).toEqual({ ...list, decisionId: expect.any(String) })
          continue
        }
        for (const { name } of NAMED) {
          const explained = await portcullis.explain({ ...request, tool: name, arguments: name === 'psa.purge' ? {} : { id: 101 } }, 'operator')
          const stop = numberOf(explained.stoppedAt)
          const row = explained.rows.find(({ number }) => number === stop)
          const listed = list.tools.find((tool) => tool.name === name)
          if (listed !== undefined && listed.cure === undefined) {
            met.listed += 1
            expect(stop, name).toBeGreaterThan(8)
          } else if (listed !== undefined) {
            met.cured += 1
            expect(row, name).toMatchObject({ gate: 'policy', code: listed.cure })
          } else if (row?.code === 'tool_unknown') {
            met.unknown += 1
            const { decisionId: _, ...outcome } = await portcullis.enforce({ ...request, tool: name, arguments: { id: 101 } })
            const { decisionId: __, ...unknown } = invented
            expect(JSON.stringify(outcome), name).toBe(JSON.stringify(unknown))
            const hidden = await portcullis.explain({ ...request, tool: name }, 'caller')
            expect(JSON.stringify(hidden)).toBe(JSON.stringify(await portcullis.explain({ ...request, tool: 'psa.invented' }, 'caller')))
          } else {
            met.known += 1
            expect(stop, name).toBeGreaterThanOrEqual(5)
            expect(stop, name).toBeLessThanOrEqual(8)
            const outcome = await portcullis.enforce({ ...request, tool: name, arguments: { id: 101 } })
            expect(outcome).toMatchObject({ kind: 'denial', gate: row?.gate, code: row?.code })
          }
        }
      }
      await portcullis.close()
    }),
    { numRuns: 400, seed: 15 },
  )
  for (const [state, times] of Object.entries(met)) expect(times, state).toBeGreaterThan(20)
}, 600_000)
