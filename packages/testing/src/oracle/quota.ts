import type { WorldTenant } from '@portcullis/core'
import { no, type Stopped } from './expected.ts'
import type { Person } from './request.ts'

const CALL = 60_000

/** CH-09 with pencil and paper: calls of this month, and two buckets of calls that fill again at an even pace. */
export class NaiveQuota {
  readonly #calls: { readonly tenant: string; readonly principal: string; readonly month: number }[] = []
  readonly #buckets = new Map<string, { level: number; at: number }>()

  stops({ tenant, facts, id }: Person, now: number): Stopped | undefined {
    const { included = 100_000, overage = false } = facts.limits ?? {}
    const used = this.#calls.filter((call) => call.tenant === tenant && call.month === monthOf(now)).length
    if (used >= included && !overage) return no('quota', 'quota_exhausted')
    const empty = bucketsOf(tenant, id, facts).some(([key, perMinute]) => this.#level(key, perMinute, now) < CALL)
    return empty ? no('quota', 'rate_limited') : undefined
  }

  /** The call was let through; it counts unless it was surely not sent. */
  take({ tenant, facts, id }: Person, now: number, counts: boolean): void {
    for (const [key, perMinute] of bucketsOf(tenant, id, facts)) this.#buckets.set(key, { level: this.#level(key, perMinute, now) - CALL, at: now })
    if (counts) this.#calls.push({ tenant, principal: id, month: monthOf(now) })
  }

  callsOf({ tenant, id }: Person, now: number): number {
    return this.#calls.filter((call) => call.tenant === tenant && call.principal === id && call.month === monthOf(now)).length
  }

  #level(key: string, perMinute: number, now: number): number {
    const bucket = this.#buckets.get(key)
    const full = perMinute * CALL
    return bucket === undefined ? full : Math.min(full, bucket.level + (now - bucket.at) * perMinute)
  }
}

function monthOf(now: number): number {
  const date = new Date(now)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

const bucketsOf = (tenant: string, id: string, { limits }: WorldTenant): readonly [key: string, perMinute: number][] => [
  [tenant, limits?.tenantPerMinute ?? 6000], [`${tenant} ${id}`, limits?.principalPerMinute ?? 1200],
]
