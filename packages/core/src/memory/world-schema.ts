import { z } from 'zod'
import { Fault } from '../fault.ts'
import { ROLES } from '../roles/role.ts'
import { isId } from '../tenancy/reach.ts'
import type { World } from './world.ts'

const id = z.string().refine(isId, { error: 'is not an id: letters, digits, "_", "-" and ".", at most 64' })
const time = z.number().finite()
const version = z.number().int().min(0)
const account = { disabled: z.boolean().optional(), epoch: version.optional(), revokedAt: time.optional() }
const binding = z.strictObject({ role: z.enum(ROLES), customer: id.optional(), since: time.optional(), until: time.optional(), grantedBy: z.string().optional() })

const principal = z.discriminatedUnion('kind', [
  z.strictObject({
    ...account, kind: z.literal('human'), identity: z.strictObject({ issuer: z.string().min(1), subject: z.string().min(1) }), person: z.string().min(1).optional(),
    bindings: z.array(binding), secondFactorSince: time.optional(), touchedBy: z.array(z.strictObject({ person: z.string(), at: time })).optional(),
  }),
  z.strictObject({
    ...account, kind: z.literal('service'), keepers: z.array(z.string()), bindings: z.array(binding),
    credentials: z.array(
      z.strictObject({
        id: z.string().regex(/^[0-9A-Za-z]{10}$/), secretHash: z.string().regex(/^h1:[0-9a-z]{1,16}:[0-9a-f]{64}$/), scopes: z.array(z.string()),
        expiresAt: time.optional(), revoked: z.boolean().optional(), epoch: version.optional(),
      }),
    ),
  }),
  z.strictObject({
    ...account, kind: z.literal('agent'), human: id, client: z.string().min(1),
    grant: z
      .strictObject({ customers: z.array(id).optional(), wholeTenant: z.boolean().optional() })
      .refine(({ customers, wholeTenant }) => customers === undefined || wholeTenant !== true, { error: 'grants some customers or the whole tenant, not both' }),
  }),
])

const instance = z.strictObject({
  connector: z.string(), alias: z.union([z.literal(''), z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/)]).optional(), customer: id.optional(), settings: z.unknown(),
  credential: z.custom<() => unknown>((value) => typeof value === 'function', { error: 'must be a function that answers a Secret' }),
  mapping: z.record(id, z.union([z.string().min(1), z.number().finite()])), configuration: version.optional(), pins: z.record(z.string(), z.string()).optional(),
  state: z
    .strictObject({
      configuration: z.enum(['not_started', 'in_progress', 'configured', 'invalid']).optional(),
      health: z.enum(['unknown', 'healthy', 'degraded', 'broken']).optional(),
      activation: z.enum(['inactive', 'active', 'disabled']).optional(),
    })
    .optional(),
  check: z.strictObject({ at: time, everyMs: time, configuration: version }).optional(),
})

const tenant = z.strictObject({
  status: z.enum(['provisioning', 'active', 'shredded']).optional(),
  subscription: z.enum(['active', 'read_only', 'suspended']).optional(),
  limits: z.strictObject({ included: version, overage: z.boolean(), tenantPerMinute: z.number().int().min(1), principalPerMinute: z.number().int().min(1) }).partial().optional(),
  minimumPolicy: version.optional(),
  epoch: version.optional(),
  customers: z.record(id, z.strictObject({ name: z.string().optional(), active: z.boolean().optional() })),
  principals: z.record(id, principal),
  entitlements: z.record(z.string(), z.enum(['not_entitled', 'entitled', 'suspended'])),
  instances: z.record(id, instance),
})

const world = z.strictObject({
  tenants: z.record(id, tenant),
  issuers: z
    .array(z.strictObject({ issuer: z.string().min(1), tenant: id, audience: z.string().optional(), jwks: z.strictObject({ keys: z.array(z.looseObject({})) }) }))
    .optional(),
})

/** Refuses a world of the wrong shape with `world_invalid` and one sentence that names the place; unknown fields are mistakes. */
export function checkWorld(value: World): void {
  const checked = world.safeParse(value)
  if (checked.success) return
  const [issue] = checked.error.issues
  throw new Fault('world_invalid', `world.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not a world'}.`)
}
