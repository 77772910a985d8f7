import fc from 'fast-check'
import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { memoryStorage } from '@portcullis/core/memory'
import type { World, WorldBinding, WorldPrincipal, WorldTenant } from '@portcullis/core'
import { callArbitrary, requestArbitrary } from '../src/arbitrary/call.ts'
import { dramaArbitrary, errandArbitrary, stepArbitrary, type Step } from '../src/arbitrary/step.ts'
import { soundToken } from '../src/arbitrary/token.ts'
import { worldArbitrary } from '../src/arbitrary/world.ts'
import { transcript, type Round } from '../src/explore/two-worlds.ts'
import { weighted } from '../src/arbitrary/weighted.ts'
import { CONNECTORS, definitions } from './pretend/connectors.ts'
import type { Stage } from '../src/explore/scene.ts'

const stage: Stage = { connectors: CONNECTORS, storage: (clock) => memoryStorage({ clock }) }
const worlds = worldArbitrary(definitions)

/** The tenant whose log a step may write to: that of its token, if it has one. */
function partyOf(step: Step): string | undefined {
  if (step.kind === 'change') return step.tenant
  const token = step.kind === 'call' ? step.call.token : step.kind === 'list' || step.kind === 'vote' ? step.request.token : undefined
  return token === undefined ? undefined : token.signer === 'own' ? token.tenant : token.signer
}

const steps = (world: World) => fc.oneof({ weight: 2, arbitrary: dramaArbitrary(world) }, { weight: 1, arbitrary: errandArbitrary(world) }, { weight: 2, arbitrary: fc.array(stepArbitrary(world), { minLength: 4, maxLength: 8 }) })

/** South's accounts do what north's accounts do, with tokens of their own. */
const mirrored = (world: World) =>
  steps(world).map((all) => all.filter(({ kind }) => kind !== 'time').map((step): Step => {
    if (step.kind === 'change') return { ...step, tenant: 'south' }
    const turn = <R extends { readonly token?: unknown }>(request: R): R => ({ ...request, token: soundToken(world, 'south', 'ann') })
    if (step.kind === 'call') return { ...step, call: turn(step.call) }
    return step.kind === 'list' || step.kind === 'vote' ? { ...step, request: turn(step.request) } : step
  }))

verifies(['IS-01', 'IS-06'], 'whatever another tenant is and does, answers, lists, explanations and the own log are the same bytes', async () => {
  let told = 0
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(worlds, worlds).chain(([one, two]) => fc.tuple(fc.constant(one), fc.constant(two), steps(one), mirrored(one), mirrored(two))),
      async ([one, two, mine, theirs, others]) => {
        const observed = mine.filter((step) => partyOf(step) !== 'south')
        const changedWorld: World = { ...one, tenants: { ...one.tenants, south: two.tenants['south'] as WorldTenant } }
        const rounds = (other: readonly Step[]): Round[] => observed.map((step, at) => ({ observed: step, other: other.filter((_, index) => index % observed.length === at) }))
        const a = await transcript(one, rounds(theirs), stage, 'north')
        const b = await transcript(changedWorld, rounds(others), stage, 'north')
        expect(b).toEqual(a)
        told += a.told.length
      },
    ),
    { numRuns: 1500, seed: 11 },
  )
  expect(told).toBeGreaterThan(3000)
}, 600_000)

const onlyAcme = (bindings: readonly WorldBinding[]): readonly WorldBinding[] => bindings.filter(({ customer }) => customer === 'acme')

/** North with the accounts of one customer as they are in `mine`, and all that is another customer's as it is in `theirs`. */
function mix(mine: WorldTenant, theirs: WorldTenant): WorldTenant {
  const of = (tenant: WorldTenant, id: string): WorldPrincipal => {
    const account = tenant.principals[id] as WorldPrincipal
    return account.kind === 'agent' ? account : { ...account, bindings: onlyAcme(account.bindings) }
  }
  const { psa, rmm_acme: bound, self } = mine.instances
  const globex = theirs.customers['globex']
  const mapped = (instance: typeof psa) => {
    const { acme } = instance?.mapping ?? {}
    const other = globex === undefined || theirs.instances['psa']?.mapping['globex'] === undefined ? {} : { globex: 20 }
    return { ...(acme === undefined ? {} : { acme }), ...other }
  }
  return {
    ...mine,
    customers: { acme: mine.customers['acme'] ?? {}, ...(globex === undefined ? {} : { globex }) },
    principals: { cat: of(mine, 'cat'), bot: of(mine, 'bot') },
    instances: {
      ...(psa === undefined ? {} : { psa: { ...psa, mapping: mapped(psa) } }), ...(self === undefined ? {} : { self: { ...self, mapping: mapped(self) } }), ...(bound === undefined ? {} : { rmm_acme: bound }),
      ...(globex === undefined || theirs.instances['rmm_globex'] === undefined ? {} : { rmm_globex: theirs.instances['rmm_globex'] }),
    },
  }
}

verifies('IS-02', "whatever another customer is, one customer's answers, lists and explanations are the same bytes", async () => {
  let told = 0
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(worlds, worlds).chain(([one, two]) => {
        const account = weighted([3, 'cat'], [2, 'bot'])
        const request = fc.tuple(requestArbitrary(one), account).map(([asked, who]) => ({ ...asked, token: soundToken(one, 'north', who) }))
        const step = fc.oneof(
          { weight: 4, arbitrary: fc.tuple(callArbitrary(one), request).map(([call, asked]): Step => ({ kind: 'call', call: { ...call, ...asked }, look: 'explain', weather: 'clear' })) },
          { weight: 1, arbitrary: request.map((asked): Step => ({ kind: 'list', request: asked, weather: 'clear' })) },
        )
        return fc.tuple(fc.constant(one), fc.constant(two), fc.array(step, { minLength: 4, maxLength: 8 }))
      }),
      async ([one, two, observed]) => {
        const [mine, theirs] = [one.tenants['north'] as WorldTenant, two.tenants['north'] as WorldTenant]
        const play = (north: WorldTenant) => transcript({ ...one, tenants: { ...one.tenants, north } }, observed.map((step) => ({ observed: step, other: [] })), stage, 'north')
        expect((await play(mix(mine, theirs))).told).toEqual((await play(mix(mine, mine))).told)
        told += observed.length
      },
    ),
    { numRuns: 1500, seed: 12 },
  )
  expect(told).toBeGreaterThan(3000)
}, 600_000)
