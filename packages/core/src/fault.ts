/**
 * Something broke, as opposed to somebody being refused: a refusal is a value, a fault is thrown.
 * `code` is stable and safe to match on; `message` is one sentence and never carries a secret.
 */
export class Fault extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'Fault'
    this.code = code
  }
}
