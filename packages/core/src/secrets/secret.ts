import { Fault } from '../fault.ts'

/** One string (a key), or named strings (a client id and its secret). */
export type SecretValue = string | Readonly<Record<string, string>>

const HIDDEN = '••••'
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

let read: (secret: Secret) => SecretValue

/**
 * A credential that cannot be shown by accident: printing, serialising, inspecting, interpolating, spreading and cloning give a mask
 * or nothing. The value is a private field, so that it is reachable by `reveal` alone, which the package does not export.
 * JavaScript cannot wipe memory: the value lives until it is collected.
 */
export class Secret {
  readonly #value: SecretValue

  private constructor(value: SecretValue) {
    this.#value = value
    Object.freeze(this)
  }

  static {
    read = (secret) => secret.#value
  }

  /** Takes a copy. Throws `secret_invalid` for anything but a non-empty string or a flat record of strings. */
  static of(value: SecretValue): Secret {
    if (typeof value === 'string' && value !== '') return new Secret(value)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid()
    const entries = Object.entries(value)
    if (entries.length === 0 || entries.some(([, part]) => typeof part !== 'string')) throw invalid()
    return new Secret(Object.freeze(Object.fromEntries(entries)))
  }

  /** `pcs_…` and the last four characters for this product's own secrets (they end in a checksum), dots for everything else. */
  toString(): string {
    const value = this.#value
    return typeof value === 'string' && value.startsWith('pcs_') && value.length >= 24 ? `pcs_…${value.slice(-4)}` : HIDDEN
  }

  toJSON(): string {
    return this.toString()
  }

  [Symbol.toPrimitive](): string {
    return this.toString()
  }

  [INSPECT](): string {
    return `Secret(${this.toString()})`
  }
}

/** For the broker and the canary scan only. Throws a `TypeError` without the value for anything that is not a `Secret`. */
export function reveal(secret: Secret): SecretValue {
  return read(secret)
}

/** Every string inside the secrets, as `echoes` wants them. */
export function secretStrings(secrets: Iterable<Secret>): string[] {
  return [...secrets].flatMap((secret) => {
    const value = read(secret)
    return typeof value === 'string' ? [value] : Object.values(value)
  })
}

function invalid(): Fault {
  return new Fault('secret_invalid', 'A secret is a non-empty string or a flat record of strings.')
}
