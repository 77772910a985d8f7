import { decideAuthenticate } from '../../packages/core/src/chain/01-authenticate.ts'
import { decideTenant } from '../../packages/core/src/chain/02-tenant.ts'
import { decideCustomer } from '../../packages/core/src/chain/03-customer.ts'
import { decideSnapshot, type Snapshotted } from '../../packages/core/src/chain/04-snapshot.ts'
import { Trace } from '../../packages/core/src/chain/trace.ts'
import { compileTenant, type TenantFacts } from '../../packages/core/src/memory/compile-world.ts'
import { connectorWith, worldOf } from './deployment.ts'

export const now = 1_800_000_000_000

/** The facts of the one tenant with so many tools. */
export function factsWith(tools: number): TenantFacts {
  const tenant = worldOf().tenants['northwind']
  if (tenant === undefined) throw new Error('the world has no tenant')
  return compileTenant('northwind', tenant, new Map([['bench', connectorWith(tools)]]))
}

/** Gates 1 to 4 over facts in memory: what a verified token, a directory record and a snapshot make of a request. */
export function enterWith(facts: TenantFacts): { readonly base: Snapshotted; readonly trace: Trace } {
  const trace = new Trace()
  const [credential] = facts.directory.credentials.values()
  const who = trace.at('authenticate', decideAuthenticate({
    verified: {
      ok: true,
      claims: {
        issuer: 'https://mcp.example.com', subject: 'bot', id: 'tok_1', issuedAt: now / 1000 - 10, expiresAt: now / 1000 + 600, own: true, tenant: 'northwind', methods: [],
        credential: credential?.id ?? '', epochs: [0, 0, 0],
      },
    },
    directory: { ...facts.directory, version: 1, asOf: now }, now, clockSafe: true,
  }))
  if (who.kind !== 'pass') throw new Error(who.code)
  const place = trace.at('tenant', decideTenant(who.proof, []))
  if (place.kind !== 'pass') throw new Error(place.code)
  const scope = trace.at('customer', decideCustomer(place.proof, { kind: 'plain' }))
  if (scope.kind !== 'pass') throw new Error(scope.code)
  const base = decideSnapshot(scope.proof, { ...facts.snapshot, version: 1, asOf: now })
  if (base.kind !== 'pass') throw new Error(base.code)
  return { base: base.proof, trace }
}
