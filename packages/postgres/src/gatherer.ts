import { Fault } from '@portcullis/core'
import type { LedgerAnswer, LedgerItem } from '@portcullis/core/ports'
import { answersOf, Batch, columnsOf } from './batch.ts'
import type { Place } from './place.ts'
import { wasHeld } from './storage-fault.ts'

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
/** Tenants whose heads somebody holds, waited for at the same time, besides the lanes. */
const PATIENT = 4
/** Tenants in one transaction: each is a subtransaction, and PostgreSQL remembers 64 of them cheaply. */
const MOST = { tenants: 64, bytes: 4_194_304 } as const
/** How long the others of a lane wait for a tenant's head, and how long the tenant itself does. */
const WAIT = { lane: '100ms', alone: '2s' } as const

/** One batch in a statement of its own. Fault `storage_timeout` when the head is not free in time: then nothing of it was done. */
export async function sendAlone(place: Place, { tenant, name, now, items }: Parcel, batch = new Batch(items), wait: string = WAIT.alone): Promise<readonly LedgerAnswer[]> {
  return answersOf(await place.apply('step', [tenant, place.role, now, name, ...columnsOf([batch]), wait]), items.length)
}

/**
 * Batches of many tenants that share a schema: those that come while all lanes are busy go together, in one transaction. Whose head is not free
 * soon gives the lane back and waits beside it, so that held heads, however many, stop nobody whose own head is free.
 */
export class Gatherer {
  readonly #place: Place
  #waiting: Waiting[] = []
  readonly #leftOut: Waiting[] = []
  #running = 0
  #patient = 0
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

  /** Some connections are always left for questions and changes, if there are more than two. */
  get #most(): { readonly lanes: number; readonly patient: number } {
    const { size } = this.#place
    const lanes = Math.max(1, Math.min(LANES, size - 2))
    return { lanes, patient: Math.max(1, Math.min(PATIENT, size - lanes - 1)) }
  }

  /** After everything that is ready now: whoever comes in the same turn goes along. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      while (this.#running < this.#most.lanes && this.#waiting.length > 0) void this.#run(this.#take())
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
    const [only] = taken
    const left = only !== undefined && taken.length === 1 ? await this.#single(only) : await this.#together(taken.sort((a, b) => (a.tenant < b.tenant ? -1 : 1)))
    this.#running -= 1
    this.#leftOut.push(...left)
    this.#goOn()
    if (this.#waiting.length > 0) this.#schedule()
  }

  /** Those that were left out, side by side. */
  #goOn(): void {
    while (this.#patient < this.#most.patient) {
      const one = this.#leftOut.shift()
      if (one === undefined) return
      this.#patient += 1
      void sendAlone(this.#place, one, one.batch).then(one.resolve, one.reject).then(() => {
        this.#patient -= 1
        this.#goOn()
      })
    }
  }

  /** Answers those that were left out, as `#together` does. */
  async #single(one: Waiting): Promise<readonly Waiting[]> {
    try {
      one.resolve(await sendAlone(this.#place, one, one.batch, WAIT.lane))
    } catch (fault) {
      if (wasHeld(fault)) return [one]
      one.reject(fault)
    }
    return []
  }

  /** Answers those that were left out: nothing of theirs was committed. */
  async #together(taken: readonly Waiting[]): Promise<readonly Waiting[]> {
    try {
      const batches = taken.map(({ batch }) => batch)
      const counts = taken.map(({ items }) => items.length)
      const answers = await this.#place.apply('step_many', [
        taken.map(({ tenant }) => tenant), this.#place.role, taken[0]?.now ?? null, taken.map(({ name }) => name), counts, batches.map(({ principals }) => principals.length), WAIT.lane,
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
