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
/** A tenant that nobody asked about for so long is not compared any more (ms). */
const IDLE = 600_000

/** A standing, and the moment for which it is known to be the newest (ms): when the question was asked that it answers. */
export interface KnownStanding {
  readonly standing: Standing
  readonly asOf: number
}

interface Kept extends KnownStanding {
  usedAt: number
}

export interface StandingsOptions {
  readonly storage: Storage
  readonly clock: Clock
  /** Told of each tenant that another process changed. */
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
    if (known !== undefined) {
      known.usedAt = now
      if (storage.changed !== undefined || (now - known.asOf < RENEW && now >= known.asOf)) return known
      return this.#learn(tenant, { ...known, asOf: now }) // nobody else changes anything
    }
    const standing = checked(await (await storage.tenant(tenant)).standing())
    return this.#learn(tenant, { standing, asOf: now, usedAt: now })
  }

  /** What is older than this authorization version is not the newest. */
  outdated(tenant: string, authorization: number): void {
    const known = this.#kept.get(tenant)
    if (known !== undefined && known.standing.authorization < authorization) this.#kept.delete(tenant)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#kept.clear()
  }

  /** Answers come in any order: a newer standing stays. One that an older one follows has no proof of its age any more, and grows old. */
  #learn(tenant: string, fresh: Kept): Kept {
    const known = this.#kept.get(tenant)
    const behind = known !== undefined && known.standing.authorization > fresh.standing.authorization
    const kept = behind ? known : fresh
    if (behind) this.#options.onFault(new Fault('standing_went_back', 'The store answered an older standing of a tenant than before: it was restored, or a replica answered.'))
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
    const before = clock.now() - IDLE
    for (const [tenant, { usedAt }] of this.#kept) if (usedAt < before) this.#kept.delete(tenant)
    const tenants = [...this.#kept.keys()]
    for (let from = 0; from < tenants.length && !this.#stopped; from += AT_ONCE) await this.#compareSome(tenants.slice(from, from + AT_ONCE)).catch(onFault)
    this.#cancel = undefined
    if (this.#kept.size > 0) this.#arm()
  }

  async #compareSome(tenants: readonly string[]): Promise<void> {
    const { storage, clock, onChange } = this.#options
    const asked = new Map<string, number>()
    for (const tenant of tenants) {
      const known = this.#kept.get(tenant)
      if (known !== undefined) asked.set(tenant, known.standing.authorization)
    }
    const asOf = clock.now()
    const changed: unknown = await within(clock, PATIENCE, Promise.resolve(storage.changed?.(asked)))
    if (!(changed instanceof Map)) throw new Fault('port_shape', 'The storage gave standings of the wrong shape.')
    for (const [tenant, authorization] of asked) {
      const known = this.#kept.get(tenant)
      if (known === undefined) continue
      const fresh: unknown = changed.get(tenant)
      if (fresh !== undefined) {
        const { standing } = this.#learn(tenant, { ...known, standing: checked(fresh), asOf })
        if (standing.authorization !== authorization) onChange(tenant)
      } else if (known.standing.authorization === authorization) this.#kept.set(tenant, { ...known, asOf })
    }
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function checked(value: unknown): Standing {
  const { authorization, fingerprint, minimumPolicy, revocations } = (value ?? {}) as Partial<Record<keyof Standing, unknown>>
  const fits =
    isCount(authorization) && isCount(minimumPolicy) && (fingerprint === undefined || typeof fingerprint === 'string') && revocations instanceof Map &&
    [...revocations.values()].every((revoked: { readonly epoch?: unknown; readonly at?: unknown } | null) => isCount(revoked?.epoch) && Number.isFinite(revoked?.at))
  if (!fits) throw new Fault('port_shape', 'The storage gave a standing of the wrong shape.')
  return value as Standing
}
