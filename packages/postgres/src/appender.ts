import { LedgerQueue, type LedgerAnswer, type LedgerItem } from '@portcullis/core/ports'
import { answersOf, Batch, columnsOf } from './batch.ts'
import type { Door } from './door.ts'

/** One tenant's queue. An idle tenant's is a few empty fields, and goes with its door. */
export class Appender {
  readonly #queue: LedgerQueue

  constructor(door: Door) {
    this.#queue = new LedgerQueue((items) => flush(door, items))
  }

  push<A extends LedgerAnswer>(item: LedgerItem): Promise<A> {
    return this.#queue.push(item) as Promise<A>
  }
}

async function flush({ place, tenant, name, now }: Door, items: readonly LedgerItem[]): Promise<readonly LedgerAnswer[]> {
  const batch = new Batch(items)
  return answersOf(await place.call('step', [tenant, place.role, now(), name, ...columnsOf([batch])]), items.length)
}
