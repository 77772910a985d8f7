export { verifyLog } from './verify-log.ts'
export type { Pins } from './verify-log.ts'
export type { Problem, ProblemCode, Verdict } from './verdict.ts'
