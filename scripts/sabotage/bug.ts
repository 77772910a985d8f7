/** A change of one source file. `find` stands in it exactly once. */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Test files of one vitest project, from the root of the repository. */
export interface Suite {
  readonly project: string
  readonly files: readonly string[]
}

/** A bug that somebody could write, that compiles, and that the suites must catch. */
export interface Bug {
  readonly name: string
  /** What it would mean, in one sentence. */
  readonly danger: string
  readonly edits: readonly Edit[]
  readonly suites: readonly Suite[]
  /** The title of a test that must fail by an assertion. */
  readonly expect: RegExp
}
