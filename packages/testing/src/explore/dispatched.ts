import { STAGES, type WorldTenant } from '@portcullis/core'
import type { DispatchJob } from '@portcullis/core/ports'
import type { CallLiteral } from '../arbitrary/call.ts'
import type { Expected } from '../oracle/expected.ts'
import { issuerOf } from '../world/tokens.ts'
import { ticketsOf } from '../world/vendor.ts'
import { same } from './compare.ts'

const DISPATCH = STAGES.find(({ gate }) => gate === 'dispatch')?.number ?? 0

/**
 * What must hold of every dispatch, whatever the oracle thinks: at most one a call, none before gate 11 and none for a call that is answered again; in the tenant of the
 * token, through an instance of that tenant, with the key that its mapping has, and with no record of another customer in a write.
 */
export function checkDispatch(expected: Expected, jobs: readonly DispatchJob[], { token }: CallLiteral, tenantOf: (id: string) => WorldTenant | undefined): void {
  const gate = expected.kind === 'result' ? 13 : (STAGES.find((stage) => stage.gate === expected.gate)?.number ?? 0)
  const wanted = gate < DISPATCH || expected.again === true ? [0] : expected.kind === 'result' || expected.gate === 'respond' ? [1] : [0, 1]
  same('the number of dispatches', true, wanted.includes(jobs.length))
  for (const { tenant, instance, customer, tool, input } of jobs) {
    same('the tenant of a dispatch', token?.signer === 'own' ? token.tenant : issuerOf(token?.signer ?? ''), token?.signer === 'own' ? tenant : issuerOf(tenant))
    const facts = tenantOf(tenant)?.instances[instance]
    same('the instance of a dispatch', true, facts !== undefined)
    if (customer === undefined) continue
    same('the key of a dispatch', facts?.mapping[customer.id], customer.key)
    const { id } = input as { readonly id?: number }
    if (tool.risk === 'read' || id === undefined) continue
    same('the owner of a record', customer.key, ticketsOf(`${tenant}/${instance}`).find((ticket) => ticket.id === id)?.client_id)
  }
}
