import type { WorldTenant } from '@portcullis/core'
import { no, type Stopped } from './expected.ts'
import type { Person } from './request.ts'

const MINUTE = 60_000
/** Thirds of a minute do not add up to whole ones (ms). */
const ROUNDING = 1e-3

/** CH-09 with pencil and paper: calls of this month, and two buckets of a minute each. A call takes its part of it, by the plan of that moment. */
export class NaiveQuota {
  readonly #calls: { readonly tenant: string; readonly principal: string; readonly month: number }[] = []
  readonly #buckets = new Map<string, { left: number; at: number }>()

  stops({ tenant, facts, id }: Person, now: number): Stopped | undefined {
    const { included = 100_000, overage = false } = facts.limits ?? {}
    const used = this.#calls.filter((call) => call.tenant === tenant && call.month === monthOf(now)).length
    if (used >= included && !overage) return no('quota', 'quota_exhausted')
    const empty = bucketsOf(tenant, id, facts).some(([key, perMinute]) => this.#left(key, now) + ROUNDING < MINUTE / perMinute)
    return empty ? no('quota', 'rate_limited') : undefined
  }

  /** The call was let through; it counts unless it was surely not sent. */
  take({ tenant, facts, id }: Person, now: number, counts: boolean): void {
    for (const [key, perMinute] of bucketsOf(tenant, id, facts)) this.#buckets.set(key, { left: this.#left(key, now) - MINUTE / perMinute, at: now })
    if (counts) this.#calls.push({ tenant, principal: id, month: monthOf(now) })
  }

  callsOf({ tenant, id }: Person, now: number): number {
    return this.#calls.filter((call) => call.tenant === tenant && call.principal === id && call.month === monthOf(now)).length
  }

  #left(key: string, now: number): number {
    const bucket = this.#buckets.get(key)
    return bucket === undefined ? MINUTE : Math.min(MINUTE, bucket.left + now - bucket.at)
  }
}

function monthOf(now: number): number {
  const date = new Date(now)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

const bucketsOf = (tenant: string, id: string, { limits }: WorldTenant): readonly [key: string, perMinute: number][] => [
  [tenant, limits?.tenantPerMinute ?? 6000], [`${tenant} ${id}`, limits?.principalPerMinute ?? 1200],
]
