import { expect, test, type TestContext } from 'vitest'
import { requirements, type Verifies } from '../packages/testing/src/requirements.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Requirement ids and denial codes that the test proves; the requirements reporter reads them beside its result. */
    requirements?: readonly string[]
  }
}

/** Registers a vitest test that proves one to three requirements: `verifies('CH-02', 'what holds', () => { expect(…) })`. */
export const verifies: Verifies<TestContext> = requirements<TestContext>({
  test: (title, body, timeout) => { test(title, body, timeout) },
  cite: (context, ids) => { context.task.meta.requirements = ids },
  // The context's own `expect` is asked only when the global one counted nothing: touching it switches vitest to the local count.
  assertions: (context) => expect.getState().assertionCalls || context.expect.getState().assertionCalls,
})
