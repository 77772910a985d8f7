import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { decideTenant, type InTenant } from '../../src/chain/02-tenant.ts'
import type { Authenticated } from '../../src/chain/01-authenticate.ts'
import { decideCustomer } from '../../src/chain/03-customer.ts'
import { decideSnapshot, type Known, type SnapshotFacts } from '../../src/chain/04-snapshot.ts'
import { decideSubscription } from '../../src/chain/05-subscription.ts'
import { decideConnector } from '../../src/chain/06-connector.ts'
import { decideReadiness, type Ready } from '../../src/chain/07-readiness.ts'
import { decideArguments, type Owned } from '../../src/chain/08-arguments.ts'
import type { Permitted } from '../../src/chain/08-policy.ts'
import { decideQuota, type Admission } from '../../src/chain/09-quota.ts'
import { decideApproval, type Approved } from '../../src/chain/10-approval.ts'
import { decideDispatch, registerAdmission, takeAdmission } from '../../src/chain/11-dispatch.ts'
import { decideRespond } from '../../src/chain/13-respond.ts'
import type { DispatchAnswer } from '../../src/ports/dispatcher.ts'
import { Trace } from '../../src/chain/trace.ts'
import { deny, hold, pass, type AnyDeny, type Pass, type Verdict } from '../../src/chain/verdict.ts'
import type { Connector } from '../../src/connectors/connector.ts'
import { Passage } from '../../src/passage.ts'
import type { Runtime } from '../../src/runtime.ts'

/** The type checker is the judge here: each line below an expectation must not compile. The bodies are never run. */
export const mistakes = {
  skipTenant: (who: Authenticated) =>
    // @ts-expect-error gate 3 needs the proof of gate 2
    decideCustomer(who, { kind: 'plain' }),
  skipTwo: (known: Known) =>
    // @ts-expect-error gate 7 needs the proof of gate 6, not that of gate 4
    decideReadiness(known),
  skipPolicy: (ready: Ready) =>
    // @ts-expect-error arguments are for those whom gate 8 permits
    decideArguments(ready, {}),
  skipOwnership: (permitted: Permitted, admission: Admission) =>
    // @ts-expect-error gate 9 needs owners to be proven
    decideQuota(permitted, admission),
  skipQuota: (owned: Owned) =>
    // @ts-expect-error gate 10 needs the proof of gate 9
    decideApproval(owned),
  skipApproval: (owned: Owned, answer: DispatchAnswer) =>
    // @ts-expect-error gate 11 needs the proof of gate 10
    decideDispatch(owned, answer),
  skipDispatch: (approved: Approved) =>
    // @ts-expect-error gate 13 needs the proof of gate 11
    decideRespond(approved),
  literal: (who: Authenticated): InTenant =>
    // @ts-expect-error evidence is made by its gate alone
    ({ who, tenant: 'north' }),
  spread: (place: InTenant) =>
    // @ts-expect-error a spread loses what is private, and the private member is the proof
    decideCustomer({ ...place, tenant: 'south' }, { kind: 'plain' }),
  write: (place: InTenant) => {
    // @ts-expect-error evidence says what it says
    place.tenant = 'south'
  },
  writeKey: (ready: Ready) => {
    // @ts-expect-error the vendor's key is not for changing
    ready.key = 20
  },
  anothersCode: (): AnyDeny =>
    // @ts-expect-error the code belongs to gate 9
    deny('tenant', 'quota_exhausted'),
  anothersVerdict: (): Verdict<'tenant', InTenant> =>
    // @ts-expect-error a gate answers for itself
    deny('quota', 'quota_exhausted'),
  holdImpossible: () =>
    // @ts-expect-error only approvals hold
    hold('quota', 'approval_required'),
  holdWithDenial: () =>
    // @ts-expect-error a code that denies does not hold
    hold('approval', 'approval_refused'),
  unchecked: (who: Authenticated) =>
    // @ts-expect-error nobody knows yet whether there is a proof
    decideTenant(who, []).proof,
  wrongGate: (who: Authenticated, trace: Trace) =>
    // @ts-expect-error the verdict is of gate 2
    trace.at('customer', decideTenant(who, [])),
  factsForEvidence: (facts: SnapshotFacts) =>
    // @ts-expect-error facts alone prove nothing
    decideSnapshot(facts, facts),
  narrowed: (stopped: AnyDeny): 'tenant_mismatch' | 'tenant_not_active' | undefined => {
    if (stopped.gate === 'tenant') return stopped.code
    // @ts-expect-error of all the others the code is something else
    return stopped.code
  },
  verdictOfNothing: (): Pass<InTenant> =>
    // @ts-expect-error a pass without evidence is none
    pass(undefined),
  connectorFromSubscription: (known: Known, connector: Connector) => {
    const subscribed = decideSubscription(known)
    // @ts-expect-error a verdict is not its proof
    return [decideConnector(subscribed), connector]
  },
}

describe('evidence', () => {
  verifies('CH-14', 'a forged shape is no evidence at run time either', () => {
    const forged = { who: { claims: { tenant: 'north', customer: undefined }, directory: {} }, tenant: 'south' } as unknown as InTenant
    const spread = { ...Object.create({ admission: { kind: 'admitted', seq: 1, at: 1 } }) } as Approved
    expect(() => decideCustomer(forged, { kind: 'plain' })).toThrow(TypeError)
    expect(() => takeAdmission(spread)).toThrow('An admission is used once.')
    expect(typeof mistakes.skipTenant).toBe('function')
  })

  verifies('CH-11', 'only an answer of the ledger is an admission, and only once', () => {
    const admission = { kind: 'admitted', seq: 1, at: 1 } as const
    const approvedBy = (answer: object): Approved => ({ admission: answer }) as Approved
    expect(() => takeAdmission(approvedBy(admission))).toThrow('An admission is used once.')
    registerAdmission(admission)
    expect(() => takeAdmission(approvedBy({ ...admission }))).toThrow('An admission is used once.')
    takeAdmission(approvedBy(admission))
    expect(() => takeAdmission(approvedBy(admission))).toThrow('An admission is used once.')
    expect(() => takeAdmission(approvedBy({ kind: 'clear' }))).toThrow('An admission is used once.')
  })

  test('a trace takes the gates in their order and nothing after a stop', () => {
    const trace = new Trace()
    trace.at('authenticate', pass(1))
    expect(() => trace.at('authenticate', pass(1))).toThrow('out of order')
    trace.at('customer', pass(1))
    expect(() => trace.at('tenant', pass(1))).toThrow('out of order')
    const stopped = trace.at('policy', deny('policy', 'role_forbids'))
    expect(trace.stopped).toBe(stopped)
    expect(() => trace.at('quota', pass(1))).toThrow('out of order')
  })

  test('what explains a call cannot dispatch it', () => {
    const passage = new Passage({ ids: { next: () => 'dec' } } as unknown as Runtime, { tool: 'psa.list' })
    return expect(passage.dispatch({ admission: { kind: 'clear' } } as unknown as Approved, Infinity)).rejects.toMatchObject({ code: 'not_admitted' })
  })
})
