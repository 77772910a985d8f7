import type { Risk, ToolRun } from '@portcullis/core'

/** How a target was classified, as far as the run of its handler depends on it. */
export interface TargetClass {
  readonly risk: Risk
  /** May be called as a task. */
  readonly tasks: boolean
}

/** Goes on with the request that asked, once the gates let its call through. */
export type Continuation = (run: ToolRun, classified: TargetClass) => Promise<unknown>

/** By the signal of a call, which is made for it and reaches its tool unchanged. */
const waiting = new WeakMap<AbortSignal, Continuation>()

export function continueWith(signal: AbortSignal, continuation: Continuation): void {
  waiting.set(signal, continuation)
}

/** Once: what is dispatched a second time, or by nobody's request, has nothing to run. */
export function takeContinuation(signal: AbortSignal): Continuation | undefined {
  const continuation = waiting.get(signal)
  waiting.delete(signal)
  return continuation
}
