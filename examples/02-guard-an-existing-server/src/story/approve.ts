import type { Tenant } from '../world.ts'
import type { Stage } from './stage.ts'

/** The tenant's owner votes, signed in with a second factor. Answers the status. */
export async function approve({ url, deployment }: Stage, tenant: Tenant, approval: string): Promise<number> {
  const response = await fetch(`${url}/approvals/${approval}/votes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${deployment.issuers[tenant].signIn('olivia', url)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ decision: 'approve', reason: 'Agreed.' }),
  })
  return response.status
}
