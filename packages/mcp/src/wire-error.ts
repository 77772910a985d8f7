import type { Refusal } from './refusals.ts'

/** A refusal on its way through an SDK: of what a handler throws, both lines send `code`, `message` and `data` as they are. */
export class WireError extends Error {
  readonly code: number
  readonly data: unknown

  constructor({ error: { code, message, data } }: Pick<Refusal, 'error'>) {
    super(message)
    this.code = code
    this.data = data
  }
}
