import type { Principal } from '../tenancy/directory.ts'

/** Who asks, for approvals: the human plus the agent client, or the service account. Never a session or a token (ID-09). */
export const requesterOf = (principal: Principal): string =>
  principal.agent === undefined ? principal.id : JSON.stringify([principal.agent.human, principal.agent.client])

/** Whether a request was made by this principal, or by an agent that acted for it. */
export const isRequester = (requester: string, principal: Principal): boolean =>
  requester === requesterOf(principal) || (principal.kind === 'human' && requester.startsWith(`[${JSON.stringify(principal.id)},`))
