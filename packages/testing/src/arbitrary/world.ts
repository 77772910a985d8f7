import fc from 'fast-check'
import type { World } from '@portcullis/core'
import type { Definitions } from '../world/catalogue.ts'
import { issuersOf } from '../world/tokens.ts'
import { tenantArbitrary } from './tenant.ts'

export const TENANTS = ['north', 'south'] as const

/** Two tenants that could be mistaken for each other, each with its own identity provider. */
export const worldArbitrary = (definitions: Definitions): fc.Arbitrary<World> =>
  fc.record({ north: tenantArbitrary('north', definitions), south: tenantArbitrary('south', definitions) }).map((tenants) => ({ tenants, issuers: issuersOf(TENANTS) }))
