import { LedgerQueue, type LedgerAnswer, type LedgerItem } from '@portcullis/core/ports'
import type { Door } from './door.ts'
import { sendAlone } from './gatherer.ts'

/** One tenant's queue. An idle tenant's is a few empty fields, and goes with its door. */
export class Appender {
  readonly #queue: LedgerQueue

  constructor({ place, gatherer, tenant, name, now }: Door) {
    this.#queue = new LedgerQueue(async (items) => {
      const parcel = { tenant, name, now: now(), items }
      return gatherer === undefined ? sendAlone(place, parcel) : gatherer.send(parcel)
    })
  }

  push<A extends LedgerAnswer>(item: LedgerItem): Promise<A> {
    return this.#queue.push(item) as Promise<A>
  }
}
