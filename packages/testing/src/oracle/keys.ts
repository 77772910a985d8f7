import { requesterOf } from './approvals.ts'
import { no, type Expected } from './expected.ts'
import type { Entered } from './request.ts'

/** A key that a caller chose, with what its call was answered. */
interface NaiveKey {
  readonly tenant: string
  readonly requester: string
  /** Absent = the whole tenant. */
  readonly customer: string | undefined
  readonly text: string
  /** Everything that makes the call this very call. */
  readonly exact: string
  readonly until: number
  readonly expected: Expected
}

const DAY = 24 * 60 * 60_000

/** What may be a key at all. */
export const mayBeKey = (text: string): boolean => text.length >= 1 && text.length <= 255 && Array.from(text).every((letter) => letter > ' ' && letter <= '~')

/** CH-14 for calls that must happen once, with pencil and paper: whoever asks again within a day is told the same again. */
export class NaiveKeys {
  readonly #taken: NaiveKey[] = []

  /** What a call with this key gets because of an earlier one; undefined when the key is free. */
  again({ person, customer }: Entered, text: string, exact: string, now: number): Expected | undefined {
    const earlier = this.#taken.findLast((key) => key.tenant === person.tenant && key.requester === requesterOf(person) && key.customer === customer && key.text === text)
    if (earlier === undefined || now >= earlier.until) return undefined
    return earlier.exact === exact ? { ...earlier.expected, again: true } : no('dispatch', 'idempotency_conflict')
  }

  take({ person, customer }: Entered, text: string, exact: string, now: number, expected: Expected): void {
    this.#taken.push({ tenant: person.tenant, requester: requesterOf(person), customer, text, exact, until: now + DAY, expected })
  }
}
