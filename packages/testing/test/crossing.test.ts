import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { memoryStorage } from '@portcullis/core/memory'
import type { Request, World } from '@portcullis/core'
import type { Storage } from '@portcullis/core/ports'
import { soundToken } from '../src/arbitrary/token.ts'
import { openScene } from '../src/explore/scene.ts'
import { tokenOf } from '../src/world/tokens.ts'
import { BENIGN } from './pretend/benign.ts'
import { CONNECTORS } from './pretend/connectors.ts'

const south = BENIGN.tenants['south'] as NonNullable<World['tenants'][string]>
/** A customer and an account that only the other tenant has. */
const WORLD: World = { ...BENIGN, tenants: { ...BENIGN.tenants, south: { ...south, customers: { ...south.customers, secret: {} } } } }

const CROSSINGS: readonly (readonly [code: 'tenant_mismatch' | 'customer_not_found', foreign: Request, invented: Request])[] = [
  ['tenant_mismatch', { endpoint: { kind: 'plain' }, tenantsNamed: ['south'] }, { endpoint: { kind: 'plain' }, tenantsNamed: ['nowhere'] }],
  ['customer_not_found', { endpoint: { kind: 'customer', customer: 'secret' } }, { endpoint: { kind: 'customer', customer: 'nobody' } }],
]

type Line = Readonly<Record<string, unknown>>

/** One attempt in a deployment of its own: what was told, and what both tenants' logs say. */
async function attempt(request: Request): Promise<{ told: unknown; north: readonly Line[]; south: readonly Line[] }> {
  let inner: Storage | undefined
  const { portcullis, clock } = await openScene(WORLD, { connectors: CONNECTORS, storage: (time) => (inner = memoryStorage({ clock: time })) })
  const token = tokenOf(soundToken(WORLD, 'north', 'ann'), clock.now())
  const told = await portcullis.enforce({ ...request, token, tool: 'psa.list_tickets', arguments: {} })
  const lines = async (tenant: string): Promise<readonly Line[]> =>
    (await (await (inner as unknown as Storage).tenant(tenant)).log.read({ from: 0, limit: 100 })).map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Line)
  const logs = { north: await lines('north'), south: await lines('south') }
  await portcullis.close()
  return { told, ...logs }
}

for (const [code, foreign, invented] of CROSSINGS) {
  verifies(['IS-05', 'IS-01', code], 'a crossing is refused, a security event in the own log alone, and the same bytes as for an invented id', async () => {
    const crossed = await attempt(foreign)
    expect(crossed.told).toMatchObject({ kind: 'denial', code })
    expect(crossed.north).toMatchObject([{ kind: 'refusal', code, security: true, tenant: 'north', principal: 'ann' }])
    expect(crossed.south).toEqual([])
    expect(JSON.stringify(await attempt(invented))).toBe(JSON.stringify(crossed))
    expect(JSON.stringify(crossed)).not.toMatch(/secret|nobody|nowhere|south":\[\{/)
  })
}
