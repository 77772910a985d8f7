/** The shape of an id in the list of requirements (`CH-02`) or of a denial code (`tenant_mismatch`). */
const ID = /^(?:[A-Z]{2}-\d{2}|[a-z]+(?:_[a-z]+)*)$/

/** A test that names more than this proves nothing in particular. */
const MOST_IDS = 3

/** What a body may hand back where a law or a property counts its own cases instead of calling the runner's assertions. */
export interface Cases {
  readonly cases: number
}

/** A test's body. It gets whatever the runner gives to its tests. */
export type Body<Context> = (context: Context) => Cases | void | Promise<Cases | void>

/** The little that is needed of a test runner, so that this package imports none. */
export interface Runner<Context> {
  /** Registers one test; `timeout` in milliseconds. */
  readonly test: (title: string, body: (context: Context) => Promise<void>, timeout?: number) => void
  /** Notes on the running test which requirements it is about, where a reporter finds them beside the result. */
  readonly cite: (context: Context, ids: readonly string[]) => void
  /** How many assertions the running test has made so far. */
  readonly assertions: (context: Context) => number
}

/** Registers a test that proves one to three requirements or denial codes. `timeout` in milliseconds. */
export type Verifies<Context> = (ids: string | readonly string[], title: string, body: Body<Context>, timeout?: number) => void

/**
 * Binds a test runner and returns `verifies('CH-02', 'what holds', () => { … })`.
 *
 * A test that ends without one assertion fails: it would count as proof of something it never looked at.
 * A body that runs a law or property returns `{ cases }`; those count as assertions.
 */
export function requirements<Context>(runner: Runner<Context>): Verifies<Context> {
  return (ids, title, body, timeout) => {
    const cited = typeof ids === 'string' ? [ids] : [...new Set(ids)]
    if (cited.length === 0 || cited.length > MOST_IDS) throw new TypeError(`"${title}" cites ${cited.length} requirements, one to ${MOST_IDS} are allowed`)
    const malformed = cited.find((id) => !ID.test(id))
    if (malformed !== undefined) throw new TypeError(`"${title}" cites ${malformed}, which is neither a requirement id nor a denial code`)
    const run = async (context: Context): Promise<void> => {
      runner.cite(context, cited)
      const counted = await body(context)
      if ((counted?.cases ?? 0) < 1 && runner.assertions(context) === 0) throw new Error(`"${title}" cites ${cited.join(', ')} but asserts nothing`)
    }
    runner.test(`${cited.join(', ')}: ${title}`, run, timeout)
  }
}
