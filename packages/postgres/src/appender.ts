import { LedgerQueue, type LedgerAnswer, type LedgerItem } from '@portcullis/core/ports'
import type { Door } from './door.ts'
import { sendAlone } from './gatherer.ts'
import { itemFault } from './storage-fault.ts'

/** One tenant's queue. An idle tenant's is a few empty fields, and goes with its door. */
export class Appender {
  readonly #queue: LedgerQueue

  constructor({ place, gatherer, tenant, name, now }: Door) {
    this.#queue = new LedgerQueue(async (items) => {
      const parcel = { tenant, name, now: now(), items }
      return gatherer === undefined ? sendAlone(place, parcel) : gatherer.send(parcel)
    })
  }

  /** What an item caused has come down to that item here, and says no more of its statement than the other faults. */
  async push<A extends LedgerAnswer>(item: LedgerItem): Promise<A> {
    try {
      return (await this.#queue.push(item)) as A
    } catch (fault) {
      throw itemFault(fault)
    }
  }
}
