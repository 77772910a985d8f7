import { Fault } from '../fault.ts'
import type { LedgerAnswer, LedgerItem } from './item.ts'

/** Limits of one batch. */
const BATCH = { items: 256, bytes: 1_048_576 } as const

/** The longest a call may take (ms): a hundred years. Not every store could write down the end of a longer one, or of one that is not a number. */
const LONGEST = 3_155_760_000_000

/** Applies a batch in one transaction, all or nothing; answers in order. */
export type Flush = (items: readonly LedgerItem[]) => Promise<readonly LedgerAnswer[]>

interface Waiting {
  readonly item: LedgerItem
  readonly resolve: (answer: LedgerAnswer) => void
  readonly reject: (fault: unknown) => void
}

/**
 * One tenant's queue: one batch in flight, the next gathers meanwhile. A failing batch is tried again in halves, so that one
 * poisoned item does not refuse its neighbours; but not when the store itself is down (a Fault `storage_…`): the batch may have
 * been committed, and could be a second time.
 */
export class LedgerQueue {
  readonly #flush: Flush
  #waiting: Waiting[] = []
  #running = false

  constructor(flush: Flush) {
    this.#flush = flush
  }

  push(item: LedgerItem): Promise<LedgerAnswer> {
    return new Promise((resolve, reject) => {
      if (item.kind === 'admit' && !(typeof item.deadlineMs === 'number' && item.deadlineMs >= 0 && item.deadlineMs <= LONGEST)) throw new Fault('deadline_invalid', 'A call takes 0 ms or more, and ends.')
      this.#waiting.push({ item, resolve, reject })
      if (!this.#running) {
        this.#running = true
        queueMicrotask(() => void this.#run())
      }
    })
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#apply(this.#take())
    this.#running = false
  }

  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { item } of this.#waiting) {
      bytes += lengthOf(item)
      if (count > 0 && (count === BATCH.items || bytes > BATCH.bytes)) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  async #apply(batch: readonly Waiting[]): Promise<void> {
    try {
      const answers = await this.#flush(batch.map(({ item }) => item))
      batch.forEach((waiting, index) => {
        const answer = answers[index]
        if (answer === undefined) waiting.reject(new Error('ledger: fewer answers than items'))
        else waiting.resolve(answer)
      })
    } catch (fault) {
      const down = fault instanceof Fault && fault.code.startsWith('storage_')
      if (batch.length === 1 || down) return batch.forEach(({ reject }) => reject(fault))
      const half = batch.length >> 1
      await this.#apply(batch.slice(0, half))
      await this.#apply(batch.slice(half))
    }
  }
}

/** Everything in an item that may be long. */
function lengthOf(item: LedgerItem): number {
  const kept = item.kind === 'complete' ? (item.keep?.length ?? 0) : 0
  const request = item.kind === 'admit' ? item.approval?.request : undefined
  const shown = request === undefined ? 0 : request.arguments.length + request.sent.length
  const voted = item.kind === 'vote' ? item.vote.reason.length : 0
  return item.body.length + kept + shown + voted
}
