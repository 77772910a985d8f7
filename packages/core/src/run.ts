import type { AuthenticateFacts, Authenticated } from './chain/01-authenticate.ts'
import type { InReach } from './chain/03-customer.ts'
import type { Known, SnapshotFacts } from './chain/04-snapshot.ts'
import { Trace } from './chain/trace.ts'
import type { Subject } from './record.ts'
import type { Request } from './call.ts'
import { within } from './deadline.ts'
import { isFresh } from './tenancy/freshness.ts'
import type { Runtime } from './runtime.ts'
import type { OpenDoor } from './tenancy/doors.ts'

/** One pass of one request through the chain: its trace, what the audit may say of it, and its facts, each loaded when its gate needs it. */
export class Run {
  readonly runtime: Runtime
  readonly request: Request
  readonly trace = new Trace()
  #subject: Subject = {}
  #version: number | undefined
  #straddles = false

  constructor(runtime: Runtime, request: Request) {
    this.runtime = runtime
    this.request = request
  }

  get subject(): Subject {
    return this.#subject
  }

  /** The facts changed between the gates that read them. */
  get straddles(): boolean {
    return this.#straddles
  }

  /** For the audit alone: how far the request got. No gate reads it. */
  met(evidence: { readonly who: Authenticated } | { readonly scope: InReach } | { readonly known: Known }): void {
    this.#subject = 'scope' in evidence ? { ...this.#subject, reach: evidence.scope.reach } : { ...this.#subject, ...evidence }
  }

  /** Facts of gate 1. A directory record that cannot be read is absent; the gate refuses then. */
  async authentication(): Promise<AuthenticateFacts> {
    const { clock, clockGuard, verifier, plane, portMs } = this.runtime
    const now = clock.now()
    const clockSafe = clockGuard.observe(now)
    const verified = await verifier.verify(this.request.token, now)
    const directory = verified.ok ? await this.#read(within(clock, portMs, plane.directory(verified.claims.tenant))) : undefined
    this.#version = directory?.version
    // For the audit: a refusal by what is fresh concerns the principal; any other is our own trouble.
    if (verified.ok && directory !== undefined && clockSafe && isFresh(directory.asOf, now)) this.#subject = { claims: verified.claims }
    return { verified, directory, now, clockSafe }
  }

  /** Facts of gate 4. The tenant's store must be open too: nothing falls back to another. */
  async snapshot(tenant: string): Promise<SnapshotFacts> {
    const { clock, plane, portMs, doors } = this.runtime
    if ((await this.#read(doors.open(tenant))) === undefined) return 'isolation_unavailable'
    const snapshot = await this.#read(within(clock, portMs, plane.snapshot(tenant)))
    this.#straddles = snapshot !== undefined && snapshot.version !== this.#version
    return snapshot ?? 'snapshot_unavailable'
  }

  door(tenant: string): Promise<OpenDoor> {
    return this.runtime.doors.open(tenant)
  }

  async #read<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work
    } catch (fault) {
      this.runtime.onFault(fault)
      return undefined
    }
  }
}
