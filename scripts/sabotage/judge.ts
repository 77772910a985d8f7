import type { Bug } from './bug.ts'

/** An error as the test runner reports it. */
export interface Failure {
  readonly name?: string | undefined
  readonly message: string
  readonly cause?: unknown
}

/** A test that ran. */
export interface Ran {
  readonly file: string
  readonly title: string
  /** Empty if it passed. */
  readonly failures: readonly Failure[]
}

export interface SuiteReport {
  readonly tests: readonly Ran[]
  /** Files that could not be run, with the reason. */
  readonly broken: readonly string[]
}

export interface Caught {
  readonly by: readonly string[]
  /** Why the bug does not count as caught; absent if it does. */
  readonly problem?: string
}

/** A crash, a time-out or a type error shows that something broke, not that somebody looked. A property fails by what it asserts. */
export function isAssertion(failure: unknown): boolean {
  if (typeof failure !== 'object' || failure === null) return false
  const { name, message, cause } = failure as Partial<Failure>
  if (name === 'AssertionError' || name === 'LawBroken') return true
  return typeof message === 'string' && message.startsWith('Property failed') && isAssertion(cause)
}

/** Whether a sabotaged tree compiles and the test that is named for the bug fails by an assertion. */
export function judgeBug(bug: Bug, compileErrors: readonly string[], { tests, broken }: SuiteReport): Caught {
  if (compileErrors.length > 0) return { by: [], problem: `${bug.name} does not compile: ${compileErrors[0]}` }
  const failed = tests.filter(({ failures }) => failures.length > 0)
  const by = failed.filter(({ title, failures }) => bug.expect.test(title) && failures.some(isAssertion)).map(({ title }) => title)
  if (by.length > 0) return { by }
  const others = failed.map(({ title, failures }) => `${JSON.stringify(title)} (${failures.map(({ name, message }) => `${name ?? 'Error'}: ${message.split('\n')[0]}`).join('; ')})`)
  const instead = [...others, ...broken]
  return { by, problem: `${bug.name} survived: no test like ${bug.expect} failed by an assertion${instead.length === 0 ? ', and no other did' : `; instead: ${instead.join(', ')}`}` }
}

/** What is wrong with the suites of a tree without a bug. */
export function judgeUntouched(bugs: readonly Bug[], { tests, broken }: SuiteReport): readonly string[] {
  return [
    ...broken,
    ...tests.filter(({ failures }) => failures.length > 0).map(({ file, title }) => `${file}: ${title} fails without any bug`),
    ...bugs.flatMap((bug) => {
      const files = bug.suites.flatMap((suite) => suite.files)
      return [
        ...files.filter((file) => !tests.some((ran) => ran.file === file)).map((file) => `${bug.name}: ${file} has no tests`),
        ...(tests.some((ran) => files.includes(ran.file) && bug.expect.test(ran.title)) ? [] : [`${bug.name}: no test is titled like ${bug.expect}`]),
      ]
    }),
  ]
}
