import { CODES, type Code } from '@portcullis/core'

/** Codes that no history of calls can meet, with the reason. All others must be met, or a green run says nothing. */
export const OUT_OF_REACH: Readonly<Partial<Record<Code, string>>> = {
  request_too_large: 'bytes are counted by the http router',
  request_too_deep: 'JSON is parsed by the hosts',
  malformed: 'JSON is parsed by the hosts',
  shed: 'limits are out of the way here; the flood has a test of its own',
  method_unclassified: 'methods are classified by the hosts',
  precondition_unmet: 'pre-issued approvals come later',
}

/** How often each code was met; and `again`, an answer that was given before. */
export class Reach {
  readonly #met = new Map<string, number>()

  meet(code: string): void {
    this.#met.set(code, (this.#met.get(code) ?? 0) + 1)
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#met
  }

  /** Codes that were met less often than this, as `code: times`. */
  short(atLeast: number): readonly string[] {
    return (Object.keys(CODES) as Code[])
      .filter((code) => OUT_OF_REACH[code] === undefined && (this.#met.get(code) ?? 0) < atLeast)
      .map((code) => `${code}: ${this.#met.get(code) ?? 0}`)
  }
}
