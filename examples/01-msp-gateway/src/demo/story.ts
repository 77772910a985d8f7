import { isDeepStrictEqual, inspect } from 'node:util'

/** One claim of the demo, and whether it held. */
interface Assertion {
  readonly claim: string
  readonly held: boolean
}

class Disproved extends Error {}

/** Tells the demo step by step, and holds every sentence with a ✓ against what really happened. The first that does not hold ends it. */
export class Story {
  readonly #json: boolean
  #assertions: Assertion[] = []
  #steps = 0
  #passed = 0
  #failed = false

  constructor({ json }: { readonly json: boolean }) {
    this.#json = json
  }

  /** Words between the assertions. */
  say(text: string): void {
    if (!this.#json) process.stdout.write(`   ${text}\n`)
  }

  /** A text as it came over the wire. */
  show(text: string): void {
    if (!this.#json) process.stdout.write(text.trimEnd().split('\n').map((line) => `   │ ${line}\n`).join(''))
  }

  holds(claim: string, held: boolean, evidence?: unknown): void {
    this.#assertions.push({ claim, held })
    if (!held) throw new Disproved(`${claim}${evidence === undefined ? '' : `\n     evidence: ${inspect(evidence, { depth: 6, breakLength: 120 })}`}`)
    this.#passed += 1
    if (!this.#json) process.stdout.write(`   ✓ ${claim}\n`)
  }

  equal(claim: string, actual: unknown, expected: unknown): void {
    this.holds(claim, isDeepStrictEqual(actual, expected), { actual, expected })
  }

  async step<T>(title: string, tell: () => Promise<T>): Promise<T> {
    const step = ++this.#steps
    const started = performance.now()
    this.#assertions = []
    if (!this.#json) process.stdout.write(`\n${step}. ${title}\n`)
    let failure: string | undefined
    try {
      return await tell()
    } catch (error) {
      this.#failed = true
      failure = error instanceof Disproved ? error.message : inspect(error)
      throw error
    } finally {
      const passed = failure === undefined
      const row = { step, title, passed, ms: Math.round(performance.now() - started), assertions: this.#assertions, ...(passed ? {} : { failure }) }
      if (this.#json) process.stdout.write(`${JSON.stringify(row)}\n`)
      else if (failure !== undefined) process.stdout.write(`   ✗ ${failure}\n`)
    }
  }

  /** A step has failed, and said so. */
  get failed(): boolean {
    return this.#failed
  }

  get counts(): { readonly steps: number; readonly passed: number } {
    return { steps: this.#steps, passed: this.#passed }
  }
}
