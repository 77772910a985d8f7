import { inspect, isDeepStrictEqual } from 'node:util'

/** Prints each sentence with a ✓ for what really happened, and counts. What does not hold is told and the story goes on. */
export class Story {
  passed = 0
  failed = 0

  chapter(title: string): void {
    process.stdout.write(`\n${title}\n`)
  }

  /** A text as it came over the wire. */
  show(text: string): void {
    process.stdout.write(text.trimEnd().split('\n').map((line) => `   │ ${line}\n`).join(''))
  }

  holds(claim: string, held: boolean, evidence?: unknown): void {
    if (held) this.passed += 1
    else this.failed += 1
    process.stdout.write(held ? `   ✓ ${claim}\n` : `   ✗ ${claim}\n     ${inspect(evidence, { depth: 6, breakLength: 120 })}\n`)
  }

  equal(claim: string, actual: unknown, expected: unknown): void {
    this.holds(claim, isDeepStrictEqual(actual, expected), { actual, expected })
  }
}
