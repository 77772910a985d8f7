import type { Request } from './call.ts'
import { decideAuthenticate } from './chain/01-authenticate.ts'
import { decideTenant } from './chain/02-tenant.ts'
import { deny, type AnyDeny } from './chain/verdict.ts'
import { enter } from './enforce.ts'
import type { Broken, Denial, Held } from './outcome.ts'
import { refuse } from './refuse.ts'
import { Run } from './run.ts'
import type { Runtime } from './runtime.ts'

/** The request may go on. Nothing of the tenant has been read but who may sign in. */
export interface Opened {
  readonly kind: 'open'
  readonly tenant: string
  /** Within its tenant. For hosts that keep something between requests: what one principal left is nobody else's. */
  readonly principal: string
}

/** Gates 1 and 2, for methods that open a conversation and touch nothing of a tenant: `initialize`, `ping`, discovery. */
export function open(runtime: Runtime, request: Request): Promise<Opened | Denial | Held | Broken> {
  return judged(runtime, request, async (run) => {
    const who = run.trace.at('authenticate', decideAuthenticate(await run.authentication()))
    if (who.kind !== 'pass') return who
    run.met({ who: who.proof })
    const place = run.trace.at('tenant', decideTenant(who.proof, request.tenantsNamed ?? []))
    return place.kind === 'pass' ? { kind: 'open', tenant: place.proof.tenant, principal: who.proof.principal.id } : place
  })
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
    return verdict.kind === 'open' ? verdict : await refuse(runtime, run, verdict, decisionId)
  } catch (fault) {
    runtime.onFault(fault)
    runtime.count('faults')
    return { kind: 'fault', effect: 'none', decisionId }
  }
}
