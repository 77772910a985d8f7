/** Something that every implementation of a port must keep to. Knows no test runner: `check` throws when it does not hold. */
export interface Law {
  /** Stable: `<subject>/<what>`. */
  readonly id: string
  /** What holds, as a sentence; ids of the attack catalogue that it answers come first. */
  readonly name: string
  check(): Promise<void | { readonly cases: number }>
}

/** The implementation under test does not keep a law. */
export class LawBroken extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'LawBroken'
  }
}

/** Counts what a law looked at, and ends it where something does not hold. */
export class Looks {
  #count = 0

  get cases(): number {
    return this.#count
  }

  that(holds: boolean, says: string): void {
    this.#count += 1
    if (!holds) throw new LawBroken(says)
  }

  /** Compares plain values; a member that is undefined counts as absent. */
  same(actual: unknown, expected: unknown, says: string): void {
    const [found, wanted] = [plain(actual), plain(expected)]
    this.that(found === wanted, `${says}: got ${found}, wanted ${wanted}`)
  }
}

/** One text for equal values, whatever the order of members. */
export const plain = (value: unknown): string => JSON.stringify(ordered(value)) ?? 'undefined'

function ordered(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, ordered(inner)]))
}
