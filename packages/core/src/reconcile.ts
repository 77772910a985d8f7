import { recordBody } from './record.ts'
import type { Runtime } from './runtime.ts'

/** How often open intents are looked for in the tenants that this process serves (ms). */
const EVERY = 10_000
const BATCH = 100
/** Tenants that are looked at together when a deployment opens. */
const TOGETHER = 16

/** Closes intents whose outcome nobody will report any more: never retried, said to be indeterminate. Answers how many. */
export async function reconcile(runtime: Runtime, tenant: string): Promise<number> {
  const { ledger } = await runtime.doors.open(tenant)
  let closed = 0
  for (;;) {
    const due = await ledger.due({ limit: BATCH })
    const before = closed
    for (const { callId, seq, tool, instance, principal } of due) {
      const body = recordBody('reconciled', { call: callId, intent: seq, tenant, principal, tool, instance, status: 'indeterminate', effect: 'unknown' })
      if ((await ledger.reconcile({ kind: 'reconcile', callId, status: 'indeterminate', body })).kind === 'closed') closed += 1
    }
    if (due.length < BATCH || closed === before) return closed // what somebody else closes is theirs
  }
}

/** What a killed predecessor left open is closed before the first call of this one. */
export async function reconcileAll(runtime: Runtime): Promise<void> {
  const tenants = runtime.plane.tenants().values()
  const one = async (): Promise<void> => {
    for (const tenant of tenants) await reconcile(runtime, tenant)
  }
  await Promise.all(Array.from({ length: TOGETHER }, one))
}

/** Looks again and again until it is stopped. A store that fails is told of and tried again. */
export function keepReconciling(runtime: Runtime): () => void {
  let cancel = runtime.clock.after(EVERY, () => void round())
  let stopped = false
  async function round(): Promise<void> {
    for (const tenant of runtime.doors.tenants()) {
      if (!stopped) await reconcile(runtime, tenant).catch(runtime.onFault)
    }
    if (!stopped) cancel = runtime.clock.after(EVERY, () => void round())
  }
  return () => {
    stopped = true
    cancel()
  }
}
