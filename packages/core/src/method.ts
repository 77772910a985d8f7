import { hash } from 'node:crypto'
import type { Request } from './call.ts'
import { decideAuthenticate, type Authenticated } from './chain/01-authenticate.ts'
import { decideTenant } from './chain/02-tenant.ts'
import { deny, type AnyDeny } from './chain/verdict.ts'
import type { TargetKind } from './connectors/own.ts'
import { enter, permit } from './enforce.ts'
import type { Broken, Denial, Held } from './outcome.ts'
import { refuse, SHED, shed } from './refuse.ts'
import { Run } from './run.ts'
import type { Runtime } from './runtime.ts'

/** The request may go on. Nothing of the tenant has been read but who may sign in. */
export interface Opened {
  readonly kind: 'open'
  readonly tenant: string
  /** Within its tenant. For hosts that keep something between requests: what one principal left is nobody else's. */
  readonly principal: string
  /**
   * Opaque, and equal only for requests that may do the same: who asks by which credential, with everything that token and endpoint
   * narrow. What a host keeps for one request may serve another only if both have the same.
   */
  readonly authority: string
}

/** Gates 1 and 2, for methods that open a conversation and touch nothing of a tenant: `initialize`, `ping`, discovery. */
export function open(runtime: Runtime, request: Request): Promise<Opened | Denial | Held | Broken> {
  return judged(runtime, request, async (run) => {
    const who = run.trace.at('authenticate', decideAuthenticate(await run.authentication()))
    if (who.kind !== 'pass') return who
    run.met({ who: who.proof })
    const place = run.trace.at('tenant', decideTenant(who.proof, request.tenantsNamed ?? []))
    return place.kind === 'pass' ? opened(who.proof, request) : place
  })
}

/** Gates 1 to 4, for a host that is about to keep something for the caller: a session costs more than an answer, so floods are shed here. */
export function begin(runtime: Runtime, request: Request): Promise<Opened | Denial | Held | Broken> {
  return judged(runtime, request, async (run) => {
    const entered = await enter(run)
    if (entered.kind !== 'pass') return entered
    const { who, tenant } = entered.proof.scope.place
    if (runtime.shedder.take(tenant, who.principal.id, who.credential?.id, entered.proof.now)) return opened(who, request)
    return SHED
  })
}

function opened({ claims, principal, credential }: Authenticated, { endpoint }: Request): Opened {
  const { issuer, subject, tenant, customer, session, scopes, roles, actor, authTime, methods } = claims
  const reach = endpoint === undefined || endpoint.kind === 'plain' ? null : [endpoint.kind, endpoint.kind === 'customer' ? endpoint.customer : null]
  const whole = [tenant, principal.id, credential?.id, issuer, subject, customer, session, listed(scopes), listed(roles), actor, authTime, listed(methods), reach]
  return { kind: 'open', tenant, principal: principal.id, authority: hash('sha256', JSON.stringify(whole), 'base64url') }
}

/** A list that is absent narrows nothing, an empty one everything; their order says nothing. */
const listed = (names: readonly string[] | undefined): readonly string[] | null => names?.toSorted() ?? null

/**
 * Gates 1 to 8 for somebody who was let in before: may they still be told of this? Nothing is recorded and nothing taken from their
 * limits, since it is not they who ask. Whatever breaks is a no.
 */
export async function watches(runtime: Runtime, request: Request, kind: TargetKind, name: string): Promise<boolean> {
  const run = new Run(runtime, request)
  try {
    const entered = await enter(run)
    return entered.kind === 'pass' && permit(run, entered.proof, name, kind).kind === 'pass'
  } catch (fault) {
    runtime.onFault(fault)
    return false
  }
}

/** A method that nobody classified (CH-16): refused whatever it is, after gates 1 to 4 judged the request. */
export async function unclassified(runtime: Runtime, request: Request): Promise<Denial | Held | Broken> {
  const answer = await judged(runtime, request, async (run) => {
    const entered = await enter(run)
    return entered.kind === 'pass' ? deny('policy', 'method_unclassified') : entered
  })
  return answer as Exclude<typeof answer, Opened>
}

async function judged(runtime: Runtime, request: Request, judge: (run: Run) => Promise<Opened | AnyDeny>): Promise<Opened | Denial | Held | Broken> {
  const decisionId = runtime.ids.next('dec')
  const run = new Run(runtime, request)
  try {
    const verdict = await judge(run)
    if (verdict === SHED) return shed(runtime, decisionId)
    return verdict.kind === 'open' ? verdict : await refuse(runtime, run, verdict, decisionId)
  } catch (fault) {
    runtime.onFault(fault)
    runtime.count('faults')
    return { kind: 'fault', effect: 'none', decisionId }
  }
}
