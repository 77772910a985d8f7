import type { World, WorldBinding, WorldPrincipal, WorldTenant } from '@portcullis/core'

/** Something an administrator does to one tenant. */
export type Change =
  | { readonly kind: 'subscription'; readonly to: NonNullable<WorldTenant['subscription']> }
  | { readonly kind: 'entitlement'; readonly connector: string; readonly to: 'not_entitled' | 'entitled' | 'suspended' }
  | { readonly kind: 'disable'; readonly principal: string }
  | { readonly kind: 'revoke'; readonly principal: string }
  | { readonly kind: 'bindings'; readonly principal: string; readonly to: readonly WorldBinding[] }
  | { readonly kind: 'customer'; readonly customer: string; readonly active: boolean }
  | { readonly kind: 'configure'; readonly instance: string }
  | { readonly kind: 'health'; readonly instance: string; readonly to: 'healthy' | 'degraded' | 'broken' | 'unknown' }
  | { readonly kind: 'epoch' }
  | { readonly kind: 'limits'; readonly to: NonNullable<WorldTenant['limits']> }

/** The tenant after the change. What the change does not find stays as it is. */
export function changed(tenant: WorldTenant, change: Change, now: number): WorldTenant {
  switch (change.kind) {
    case 'subscription':
      return { ...tenant, subscription: change.to }
    case 'entitlement':
      return { ...tenant, entitlements: { ...tenant.entitlements, [change.connector]: change.to } }
    case 'disable':
      return account(tenant, change.principal, (principal) => ({ ...principal, disabled: true }))
    case 'revoke':
      return account(tenant, change.principal, (principal) =>
        principal.kind === 'service' ? { ...principal, epoch: (principal.epoch ?? 0) + 1 } : { ...principal, revokedAt: now })
    case 'bindings':
      return account(tenant, change.principal, (principal) => (principal.kind === 'agent' ? principal : { ...principal, bindings: fitting(tenant, principal.kind, change.to) }))
    case 'customer': {
      const customer = tenant.customers[change.customer]
      return customer === undefined ? tenant : { ...tenant, customers: { ...tenant.customers, [change.customer]: { ...customer, active: change.active } } }
    }
    case 'configure':
      return instance(tenant, change.instance, (before) => ({ ...before, configuration: (before.configuration ?? 1) + 1 }))
    case 'health':
      return instance(tenant, change.instance, (before) => ({ ...before, state: { ...before.state, health: change.to } }))
    case 'epoch':
      return { ...tenant, epoch: (tenant.epoch ?? 0) + 1 }
    case 'limits':
      return { ...tenant, limits: change.to }
  }
}

/** Bindings that this tenant could have: its own customers, and owners that are human. */
export const fitting = (tenant: Pick<WorldTenant, 'customers'>, kind: 'human' | 'service', bindings: readonly WorldBinding[]): readonly WorldBinding[] =>
  bindings.filter(({ role, customer }) => (customer === undefined || tenant.customers[customer] !== undefined) && !(role === 'tenant_owner' && kind === 'service'))

export const withTenant = (world: World, id: string, tenant: WorldTenant): World => ({ ...world, tenants: { ...world.tenants, [id]: tenant } })

function account(tenant: WorldTenant, id: string, change: (before: WorldPrincipal) => WorldPrincipal): WorldTenant {
  const before = tenant.principals[id]
  return before === undefined ? tenant : { ...tenant, principals: { ...tenant.principals, [id]: change(before) } }
}

function instance(tenant: WorldTenant, id: string, change: (before: WorldTenant['instances'][string]) => WorldTenant['instances'][string]): WorldTenant {
  const before = tenant.instances[id]
  return before === undefined ? tenant : { ...tenant, instances: { ...tenant.instances, [id]: change(before) } }
}
