import { createHash } from 'node:crypto'
import { createCheckpointer, type Checkpointer } from '../audit/checkpoint-schedule.ts'
import type { SigningKey } from '../audit/ed25519.ts'
import { within } from '../deadline.ts'
import { Fault } from '../fault.ts'
import type { CheckpointSink } from '../ports/checkpoint-sink.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { Storage, TenantDoor } from '../ports/storage.ts'
import { checkedLedger } from '../ledger/checked.ts'

export interface DoorsOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly host: string
  readonly key: SigningKey
  readonly sink: CheckpointSink | undefined
  readonly onFault: (fault: unknown) => void
  /** How long a store may take (ms). */
  readonly portMs: number
}

/** A tenant's door as the chain uses it: every answer in time and in shape, every record on its way to a checkpoint. */
export interface OpenDoor {
  readonly tenant: string
  readonly origin: string
  readonly ledger: Ledger
  readonly log: TenantDoor['log']
  readonly checkpointer: Checkpointer
  readonly revoke: TenantDoor['revoke']
}

/** The name of a tenant's log. A witness learns from it which log it is, and not whose. */
export const originOf = (host: string, tenant: string): string => `${host}/${createHash('sha256').update(tenant).digest('hex').slice(0, 16)}`

/** Doors that may be open before those are closed that nobody needs. */
const MANY = 1_024
/** Nobody needs a door that was not opened for so long (ms): no call lasts a tenth of it. */
const IDLE = 600_000

interface Entry {
  readonly opening: Promise<OpenDoor>
  opened?: OpenDoor
  usedAt: number
}

/** Doors that are open in this process, by tenant: a tenant that nobody asks about costs nothing. */
export class Doors {
  readonly #options: DoorsOptions
  /** In the order of their last use. */
  readonly #open = new Map<string, Entry>()
  #closed = false

  constructor(options: DoorsOptions) {
    this.#options = options
  }

  /** Rejects when the tenant's store cannot be reached; the next request tries again. */
  open(tenant: string): Promise<OpenDoor> {
    if (this.#closed) return Promise.reject(new Fault('deployment_closed', 'The deployment was closed.'))
    const usedAt = this.#options.clock.monotonic()
    const known = this.#open.get(tenant)
    if (known !== undefined) {
      known.usedAt = usedAt
      this.#open.delete(tenant)
      this.#open.set(tenant, known)
      return known.opening
    }
    if (this.#open.size >= MANY) this.#closeIdle(usedAt - IDLE)
    const entry: Entry = { opening: this.#make(tenant), usedAt }
    this.#open.set(tenant, entry)
    entry.opening.then(
      (door) => { entry.opened = door },
      () => this.#open.delete(tenant),
    )
    return entry.opening
  }

  /** Those that are open now. To look at them here is no use of them. */
  opened(): readonly OpenDoor[] {
    return Array.from(this.#open.values(), ({ opened }) => opened).filter((door) => door !== undefined)
  }

  /** What is not bound yet keeps its door. */
  #closeIdle(before: number): void {
    for (const [tenant, { usedAt, opened }] of this.#open) {
      if (usedAt >= before) return
      if (opened?.checkpointer.idle !== true) continue
      opened.checkpointer.close()
      this.#open.delete(tenant)
    }
  }

  async #make(tenant: string): Promise<OpenDoor> {
    const { storage, clock, host, key, sink, onFault, portMs } = this.#options
    const door = await within(clock, portMs, storage.tenant(tenant))
    const origin = originOf(host, tenant)
    const checkpointer = createCheckpointer(door.log, { origin, key, now: () => clock.now(), scheduler: clock, onFault, ...(sink === undefined ? {} : { sink: timely(sink, clock, portMs) }) })
    const unbound = (await within(clock, portMs, door.log.size())) - ((await within(clock, portMs, door.log.latest()))?.size ?? 0)
    if (unbound > 0) checkpointer.appended(unbound)
    return { tenant, origin, log: door.log, checkpointer, revoke: (holder) => door.revoke(holder), ledger: checkedLedger(door.ledger, { clock, portMs, appended: () => checkpointer.appended(1) }) }
  }

  /** Binds what is not bound yet and lets go. */
  async close(): Promise<void> {
    this.#closed = true
    const doors = await Promise.allSettled(Array.from(this.#open.values(), ({ opening }) => opening))
    this.#open.clear()
    for (const opened of doors) {
      if (opened.status !== 'fulfilled') continue
      await opened.value.checkpointer.flush().catch(this.#options.onFault)
      opened.value.checkpointer.close()
    }
  }
}

/** A sink that hangs would stop all later checkpoints, and the closing of the deployment with them. */
const timely = (sink: CheckpointSink, clock: Clock, portMs: number): CheckpointSink => ({
  publish: (origin, note) => within(clock, portMs, (async () => sink.publish(origin, note))()),
})
