import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { CALL_TABLE, maskOf, mayCall, mayKnow, mayVote, ROLES, type Role } from '../../src/roles/role.ts'

/** The table of the requirements once more, written by hand: read, write, destructive, vote. */
const TABLE: { readonly [R in Role]: string } = {
  tenant_owner: 'yes yes yes yes', tenant_admin: 'yes yes yes yes', tenant_billing_admin: 'no no no no', tenant_operator: 'yes yes yes no',
  tenant_auditor: 'no no no no', customer_operator: 'yes yes yes no', customer_viewer: 'yes no no no',
}
const RISKS = ['read', 'write', 'destructive'] as const
const says = (...holds: readonly boolean[]): string => holds.map((holdsHere) => (holdsHere ? 'yes' : 'no')).join(' ')

describe('roles', () => {
  verifies('CH-08', 'each role calls and votes as the table says', () => {
    for (const role of ROLES) {
      const { read, write, destructive, vote } = CALL_TABLE[role]
      expect(says(read, write, destructive, vote), role).toBe(TABLE[role])
      const mask = maskOf([role])
      expect(says(...RISKS.map((risk) => mayCall(mask, risk)), mayVote(mask)), role).toBe(TABLE[role])
    }
  })

  verifies(['RO-07', 'CH-08'], 'several roles are the union of what each may, whatever their order; none may nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ROLES), { maxLength: 10 }), (roles) => {
        const mask = maskOf(roles)
        for (const risk of RISKS) expect(mayCall(mask, risk)).toBe(roles.some((role) => CALL_TABLE[role][risk]))
        expect(mayVote(mask)).toBe(roles.some((role) => CALL_TABLE[role].vote))
        expect(maskOf(roles.toReversed())).toBe(mask)
      }),
    )
    expect(RISKS.some((risk) => mayCall(0, risk)) || mayVote(0) || mayKnow(0)).toBe(false)
  })

  verifies(['CH-15', 'RO-03'], 'billing alone knows no tool; with any other role it does', () => {
    expect(mayKnow(maskOf(['tenant_billing_admin']))).toBe(false)
    for (const role of ROLES) expect(mayKnow(maskOf(['tenant_billing_admin', role]))).toBe(role !== 'tenant_billing_admin')
  })

  verifies('CH-08', 'an unknown risk may be called by nobody, whatever the role', () => {
    const all = maskOf(ROLES)
    for (const risk of ['admin', '', '__proto__', 'constructor', undefined]) expect(mayCall(all, risk as 'read')).toBe(false)
  })
})
