import type { Refusal } from './refusals.ts'

/** A refusal on its way through an SDK: of what a handler throws, both lines send `code`, `message` and `data` as they are. */
export class WireError extends Error {
  readonly code: number
  readonly data: unknown
  /** With the status and headers that no SDK carries. */
  readonly refusal: Refusal

  constructor(refusal: Pick<Refusal, 'error'> & Partial<Refusal>) {
    super(refusal.error.message)
    this.code = refusal.error.code
    this.data = refusal.error.data
    this.refusal = { kind: 'refusal', status: 200, headers: {}, ...refusal }
  }
}
