import { within } from '../deadline.ts'
import { Fault } from '../fault.ts'
import type { Clock } from '../ports/clock.ts'
import type { Storage } from '../ports/storage.ts'
import type { Standing } from './standing.ts'

/** How often standings are compared with the store's (ms). */
const EVERY = 2_000
/** How often the age of a standing is written anew that cannot change behind our back (ms). */
const RENEW = 1_000
/** How long a store may take to say whether anything changed (ms). */
const PATIENCE = 5_000
/** Tenants in one question. */
const AT_ONCE = 1_000
/** Readings until one is new enough. */
const ATTEMPTS = 3
/** A tenant that nobody asked about for so long is not compared any more (ms). */
const IDLE = 600_000

/** A standing, and the moment for which it is known to be the newest (ms): when the question was asked that it answers. */
export interface KnownStanding {
  readonly standing: Standing
  readonly asOf: number
}

interface Kept extends KnownStanding {
  /** When it was heard of (ms, monotonic): an answer to a question of before may well be older. */
  readonly heardAt: number
  usedAt: number
}

export interface StandingsOptions {
  readonly storage: Storage
  readonly clock: Clock
  /** Told of each tenant that another process changed, and of each that is not compared any more: nobody would tell of its changes. */
  readonly onChange: (tenant: string) => void
  readonly onFault: (fault: unknown) => void
}

/**
 * The standings of the tenants that this process serves, where others change them too: compared again and again, never followed, so that
 * nothing can be missed. While the store does not answer they grow old, and what is older than 120 s decides nothing.
 */
export class Standings {
  readonly #options: StandingsOptions
  readonly #kept = new Map<string, Kept>()
  readonly #reading = new Map<string, Promise<Kept>>()
  /** Authorization versions that somebody has met: what is older is not learned any more, however late it arrives. */
  readonly #floors = new Map<string, number>()
  #cancel: (() => void) | undefined
  #stopped = false

  constructor(options: StandingsOptions) {
    this.#options = options
  }

  /** The newest standing that is known; read if there is none. */
  async of(tenant: string): Promise<KnownStanding> {
    const { clock, storage } = this.#options
    const now = clock.now()
    const known = this.#kept.get(tenant)
    if (known === undefined) return this.#readOnce(tenant)
    known.usedAt = now
    if (storage.changed !== undefined || (now - known.asOf < RENEW && now >= known.asOf)) return known
    const renewed = { ...known, asOf: now } // nobody else changes anything
    this.#kept.set(tenant, renewed)
    return renewed
  }

  /** Somebody has met this authorization version. True if an older one was taken for the newest. */
  outdated(tenant: string, authorization: number): boolean {
    const known = this.#kept.get(tenant)
    if (known !== undefined && known.standing.authorization >= authorization) return false
    this.#floors.set(tenant, Math.max(authorization, this.#floors.get(tenant) ?? 0))
    return this.#kept.delete(tenant)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#kept.clear()
  }

  #readOnce(tenant: string): Promise<Kept> {
    const underWay = this.#reading.get(tenant)
    if (underWay !== undefined) return underWay
    const reading = this.#read(tenant).finally(() => this.#reading.delete(tenant))
    this.#reading.set(tenant, reading)
    return reading
  }

  async #read(tenant: string): Promise<Kept> {
    const { clock, storage } = this.#options
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const [asOf, asked] = [clock.now(), clock.monotonic()]
      const standing = checked(await within(clock, PATIENCE, (async () => (await storage.tenant(tenant)).standing())()))
      const kept = this.#learn(tenant, standing, { asOf, asked, usedAt: asOf })
      if (kept !== undefined) return kept
    }
    throw new Fault('standing_went_back', WENT_BACK)
  }

  /**
   * Answers come in any order: a newer standing stays. One that was asked for later and is older after all proves that the store went back:
   * what is known has no proof of its age any more, and grows old. Undefined when nothing that is new enough is known.
   */
  #learn(tenant: string, standing: Standing, { asOf, asked, usedAt }: { readonly asOf: number; readonly asked: number; readonly usedAt: number }): Kept | undefined {
    const { clock, onFault } = this.#options
    const known = this.#kept.get(tenant)
    if (known !== undefined && known.standing.authorization > standing.authorization) {
      if (asked > known.heardAt) onFault(new Fault('standing_went_back', WENT_BACK))
      return known
    }
    if (standing.authorization < (this.#floors.get(tenant) ?? 0)) return undefined
    this.#floors.delete(tenant)
    const kept: Kept = { standing, asOf, heardAt: clock.monotonic(), usedAt }
    this.#kept.set(tenant, kept)
    this.#arm()
    return kept
  }

  #arm(): void {
    if (this.#stopped || this.#options.storage.changed === undefined) return
    this.#cancel ??= this.#options.clock.after(EVERY, () => void this.#compare())
  }

  async #compare(): Promise<void> {
    const { clock, onFault } = this.#options
    this.#dropIdle(clock.now() - IDLE)
    const tenants = [...this.#kept.keys()]
    for (let from = 0; from < tenants.length && !this.#stopped; from += AT_ONCE) await this.#compareSome(tenants.slice(from, from + AT_ONCE)).catch(onFault)
    this.#cancel = undefined
    if (this.#kept.size > 0) this.#arm()
  }

  #dropIdle(before: number): void {
    for (const [tenant, { usedAt }] of this.#kept) {
      if (usedAt >= before) continue
      this.#kept.delete(tenant)
      this.#options.onChange(tenant)
    }
  }

  async #compareSome(tenants: readonly string[]): Promise<void> {
    const { storage, clock, onFault } = this.#options
    const known = new Map<string, number>()
    for (const tenant of tenants) {
      const kept = this.#kept.get(tenant)
      if (kept !== undefined) known.set(tenant, kept.standing.authorization)
    }
    const [asOf, asked] = [clock.now(), clock.monotonic()]
    const changed: unknown = await within(clock, PATIENCE, Promise.resolve(storage.changed?.(known)))
    if (!(changed instanceof Map)) throw new Fault('port_shape', 'The storage gave standings of the wrong shape.')
    for (const [tenant, authorization] of known) {
      try {
        this.#compareOne(tenant, authorization, changed.get(tenant), { asOf, asked })
      } catch (fault) {
        onFault(fault) // one tenant's, and nobody else's
      }
    }
  }

  #compareOne(tenant: string, authorization: number, fresh: unknown, when: { readonly asOf: number; readonly asked: number }): void {
    const kept = this.#kept.get(tenant)
    if (kept === undefined || fresh === 'unknown') return
    if (fresh !== undefined) {
      const learned = this.#learn(tenant, checked(fresh), { ...when, usedAt: kept.usedAt })
      if (learned !== undefined && learned.standing.authorization !== authorization) this.#options.onChange(tenant)
    } else if (kept.standing.authorization === authorization) this.#kept.set(tenant, { ...kept, asOf: when.asOf })
  }
}

const WENT_BACK = 'The store answered an older standing of a tenant than before: it was restored, or a replica answered.'

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function checked(value: unknown): Standing {
  const { authorization, fingerprint, minimumPolicy, revocations } = (value ?? {}) as Partial<Record<keyof Standing, unknown>>
  const fits =
    isCount(authorization) && isCount(minimumPolicy) && (fingerprint === undefined || typeof fingerprint === 'string') && revocations instanceof Map &&
    [...revocations.values()].every((revoked: { readonly epoch?: unknown; readonly at?: unknown } | null) => isCount(revoked?.epoch) && Number.isFinite(revoked?.at))
  if (!fits) throw new Fault('port_shape', 'The storage gave a standing of the wrong shape.')
  return value as Standing
}
