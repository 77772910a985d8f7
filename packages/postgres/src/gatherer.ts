import { Fault } from '@portcullis/core'
import type { LedgerAnswer, LedgerItem } from '@portcullis/core/ports'
import { answersOf, Batch, columnsOf } from './batch.ts'
import type { Place } from './place.ts'

/** A tenant's batch on its way. */
export interface Parcel {
  readonly tenant: string
  readonly name: string
  readonly now: number | null
  readonly items: readonly LedgerItem[]
}

interface Waiting extends Parcel {
  readonly batch: Batch
  readonly resolve: (answers: readonly LedgerAnswer[]) => void
  readonly reject: (fault: unknown) => void
}

/** Transactions under way at the same time. More of them would only make each smaller. */
const LANES = 4
/** Tenants in one transaction: each is a subtransaction, and PostgreSQL remembers 64 of them cheaply. */
const MOST = { tenants: 64, bytes: 4_194_304 } as const
/** How long a tenant's head may keep the others of a transaction waiting. */
const WAIT = '100ms'

/** One batch in a statement of its own. */
export async function sendAlone(place: Place, { tenant, name, now, items }: Parcel, batch = new Batch(items)): Promise<readonly LedgerAnswer[]> {
  return answersOf(await place.call('step', [tenant, place.role, now, name, ...columnsOf([batch])]), items.length)
}

/** Batches of many tenants that share a schema: those that come while all lanes are busy go together, in one transaction. */
export class Gatherer {
  readonly #place: Place
  #waiting: Waiting[] = []
  #running = 0
  #scheduled = false

  constructor(place: Place) {
    this.#place = place
  }

  send(parcel: Parcel): Promise<readonly LedgerAnswer[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...parcel, batch: new Batch(parcel.items), resolve, reject })
      this.#schedule()
    })
  }

  /** After everything that is ready now: whoever comes in the same turn goes along. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      while (this.#running < LANES && this.#waiting.length > 0) void this.#run(this.#take())
    })
  }

  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { batch } of this.#waiting) {
      bytes += batch.bytes
      if (count > 0 && (count === MOST.tenants || bytes > MOST.bytes)) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  async #run(taken: Waiting[]): Promise<void> {
    this.#running += 1
    try {
      const [only] = taken
      if (only !== undefined && taken.length === 1) return await this.#alone(only)
      const left = await this.#together(taken.sort((a, b) => (a.tenant < b.tenant ? -1 : 1)))
      for (const one of left) await this.#alone(one)
    } finally {
      this.#running -= 1
      if (this.#waiting.length > 0) this.#schedule()
    }
  }

  async #alone(one: Waiting): Promise<void> {
    await sendAlone(this.#place, one, one.batch).then(one.resolve, one.reject)
  }

  /** Answers those that were left out: nothing of theirs was committed. */
  async #together(taken: readonly Waiting[]): Promise<readonly Waiting[]> {
    try {
      const batches = taken.map(({ batch }) => batch)
      const counts = taken.map(({ items }) => items.length)
      const answers = await this.#place.call('step_many', [
        taken.map(({ tenant }) => tenant), this.#place.role, taken[0]?.now ?? null, taken.map(({ name }) => name), counts, batches.map(({ principals }) => principals.length), WAIT,
        ...columnsOf(batches),
      ])
      if (!Array.isArray(answers) || answers.length !== taken.length) throw new Fault('storage_failed', 'PostgreSQL gave another number of answers than there were batches.')
      return taken.filter((one, index) => {
        const answer: unknown = answers[index]
        if (answer === null) return true
        settle(one, answer)
        return false
      })
    } catch (fault) {
      for (const one of taken) one.reject(fault)
      return []
    }
  }
}

function settle({ items, resolve, reject }: Waiting, answer: unknown): void {
  try {
    resolve(answersOf(answer, items.length))
  } catch (fault) {
    reject(fault)
  }
}
