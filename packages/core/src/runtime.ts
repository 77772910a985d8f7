import type { KeyObject } from 'node:crypto'
import type { ClockGuard } from './identity/clock-guard.ts'
import type { Verifier } from './identity/verifier.ts'
import type { Clock } from './ports/clock.ts'
import type { ControlPlane } from './ports/control-plane.ts'
import type { Dispatcher } from './ports/dispatcher.ts'
import type { Ids } from './ports/ids.ts'
import type { InFlight } from './quotas/in-flight.ts'
import type { Shedder } from './quotas/shedder.ts'
import type { Refusals } from './refusals.ts'
import type { Doors } from './tenancy/doors.ts'

/** What is counted of this process: names from a closed set, so that nobody can make them grow. */
export type Counter = 'anonymous_refusals' | 'shed' | 'faults' | 'unsettled'

/** Everything that the chain reaches outside of itself, behind ports. Made once by `createPortcullis`. */
export interface Runtime {
  readonly url: string
  readonly clock: Clock
  readonly clockGuard: ClockGuard
  readonly ids: Ids
  readonly verifier: Verifier
  readonly plane: ControlPlane
  readonly doors: Doors
  readonly dispatcher: Dispatcher
  readonly shedder: Shedder
  /** Calls that named records of somebody else: each has cost a record and a question to the vendor before it was refused. */
  readonly probes: Shedder
  /** Tokens given out. */
  readonly exchanges: Shedder
  /** Askings for owners, by principal. */
  readonly asking: InFlight
  readonly refusals: Refusals
  /** Keys the digests of arguments in the audit, and those of idempotency keys. */
  readonly argumentKey: KeyObject
  /** Seals what a client keeps between the rounds of a call, and the answers that are kept for repeats. */
  readonly sealKey: Uint8Array
  /** How long a call may take at the vendor, and a port to answer (ms). */
  readonly callMs: number
  readonly portMs: number
  readonly count: (counter: Counter) => void
  readonly onFault: (fault: unknown) => void
}
