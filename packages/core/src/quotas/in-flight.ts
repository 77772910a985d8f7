/** How much of one kind is under way for each key. Nothing is kept of a key with nothing under way. */
export class InFlight {
  readonly #most: number
  readonly #counts = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** Runs the work, unless there is as much under way already: then undefined, at once. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T | undefined> {
    const count = this.#counts.get(key) ?? 0
    if (count >= this.#most) return undefined
    this.#counts.set(key, count + 1)
    try {
      return await work()
    } finally {
      const left = (this.#counts.get(key) ?? 1) - 1
      if (left === 0) this.#counts.delete(key)
      else this.#counts.set(key, left)
    }
  }
}
