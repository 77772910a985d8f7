import { describe, nameOf, recordBody, type Subject } from './record.ts'
import type { AnyDeny, AnyHold } from './chain/verdict.ts'
import type { Clock } from './ports/clock.ts'
import { Shedder } from './quotas/shedder.ts'
import type { Doors } from './tenancy/doors.ts'
import { reachKey } from './tenancy/reach.ts'

/** Equal refusals within this time (ms) are one record with a count. */
const WINDOW = 60_000

interface Counted {
  readonly first: number
  last: number
  count: number
  /** The first record; a repeat is not answered before it is durable either. */
  readonly durable: Promise<unknown>
}

/** What a gate said; undefined where none stopped the call. */
type Said = AnyDeny | AnyHold | undefined

export type Noted = 'recorded' | 'counted' | 'shed'

/** Everything that makes two refusals equal. What the caller sent is not in it, or a flood could make each one new. */
const keyOf = (subject: Subject, kind: string, stopped: Said, repeats: string | undefined): string =>
  JSON.stringify([
    kind, subject.claims?.tenant, subject.claims === undefined ? null : nameOf(subject.claims, subject.who), subject.claims?.credential, subject.claims?.session, subject.reach === undefined ? null : reachKey(subject.reach), subject.known?.named.name ?? null,
    stopped?.gate, stopped?.code, stopped?.security, repeats,
  ])

/**
 * Records refusals of known principals, explanations, repeats, and what was asked of a vendor before a write, in their tenant's log. The first of
 * its kind is durable before it is answered; repeats are counted in memory and written when the window ends, so a crash loses at most
 * 60 s of counts.
 */
export class Refusals {
  readonly #doors: Doors
  readonly #clock: Clock
  readonly #records: Shedder
  readonly #windows = new Map<string, Counted>()
  readonly #closing = new Set<() => Promise<void>>()
  readonly #onFault: (fault: unknown) => void

  constructor(doors: Doors, clock: Clock, records: Shedder, onFault: (fault: unknown) => void) {
    this.#doors = doors
    this.#clock = clock
    this.#records = records
    this.#onFault = onFault
  }

  /** `shed` means that nothing was written and the caller is to be told so. Rejects when the record cannot be made durable. `repeats`: the call that was answered again. */
  async note(subject: Subject & Required<Pick<Subject, 'claims'>>, kind: 'refusal' | 'explanation' | 'ownership' | 'repeat', stopped: Said, more: Readonly<Record<string, unknown>>, repeats?: string): Promise<Noted> {
    const now = this.#clock.now()
    const { tenant } = subject.claims
    const key = keyOf(subject, kind, stopped, repeats)
    const known = this.#windows.get(key)
    if (known !== undefined) {
      known.count += 1
      known.last = now
      await known.durable
      return 'counted'
    }
    if (!this.#records.take(tenant, nameOf(subject.claims, subject.who), undefined, now)) return 'shed'
    const body = recordBody(kind, { ...more, ...describe(subject), gate: stopped?.gate ?? null, code: stopped?.code ?? null, security: stopped?.security ?? false })
    const first = this.#doors.open(tenant).then(({ ledger }) => ledger.note({ kind: 'note', body }))
    const counted: Counted = { first: now, last: now, count: 1, durable: first }
    this.#windows.set(key, counted)
    try {
      const { seq } = await first
      this.#closeLater(tenant, key, counted, seq)
    } catch (fault) {
      this.#windows.delete(key)
      throw fault
    }
    return 'recorded'
  }

  /** Writes the counts of all open windows. */
  async flush(): Promise<void> {
    for (const close of [...this.#closing]) await close()
  }

  #closeLater(tenant: string, key: string, counted: Counted, seq: number): void {
    const close = async (): Promise<void> => {
      cancel()
      this.#closing.delete(close)
      this.#windows.delete(key)
      if (counted.count === 1) return
      const body = recordBody('refusals', { of: seq, count: counted.count, first: new Date(counted.first).toISOString(), last: new Date(counted.last).toISOString() })
      await this.#doors.open(tenant).then(({ ledger }) => ledger.note({ kind: 'note', body })).catch(this.#onFault)
    }
    const cancel = this.#clock.after(WINDOW, () => void close())
    this.#closing.add(close)
  }
}
