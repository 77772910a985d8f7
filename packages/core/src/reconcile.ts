import { recordBody } from './record.ts'
import type { Runtime } from './runtime.ts'
import type { OpenDoor } from './tenancy/doors.ts'

/** How often open intents are looked for in the tenants that this process serves (ms). */
const EVERY = 10_000
const BATCH = 100
/** Tenants that are looked at together when a deployment opens. */
const TOGETHER = 16

/** Closes intents whose outcome nobody will report any more: never retried, said to be indeterminate. Answers how many. */
async function reconcile({ tenant, ledger }: OpenDoor): Promise<number> {
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

/**
 * Every tenant, before the first call: this process's facts are the ones in force from here on, and what a killed predecessor left open is
 * closed. The first that fails ends it.
 */
export async function beginAll(runtime: Runtime, publish: (tenant: string) => Promise<void> | undefined): Promise<void> {
  const tenants = runtime.plane.tenants().values()
  let failed = false
  const some = async (): Promise<void> => {
    for (const tenant of tenants) {
      if (failed) return
      await publish(tenant)
      await reconcile(await runtime.doors.open(tenant))
    }
  }
  try {
    await Promise.all(Array.from({ length: TOGETHER }, () => some()))
  } catch (fault) {
    failed = true
    await runtime.doors.close()
    throw fault
  }
}

/** Looks again and again until it is stopped. A store that fails is told of and tried again. */
export function keepReconciling(runtime: Runtime): () => void {
  let cancel = runtime.clock.after(EVERY, () => void round())
  let stopped = false
  async function round(): Promise<void> {
    for (const door of runtime.doors.opened()) {
      if (!stopped) await reconcile(door).catch(runtime.onFault)
    }
    if (!stopped) cancel = runtime.clock.after(EVERY, () => void round())
  }
  return () => {
    stopped = true
    cancel()
  }
}
