import { APPROVALS_FULL, JUDGE_APPROVAL } from '../functions/approvals.ts'
import { ENTER, MOMENT, PERIOD } from '../functions/enter.ts'
import { FLUSH_CALLS } from '../functions/flush-calls.ts'
import { LOCK_HEAD } from '../functions/lock-head.ts'
import { APPROVAL_OF, CALLS_OF, DUE, RECALL } from '../functions/questions.ts'
import { CHANGED, INTEGRATE, STANDING_OF } from '../functions/shared.ts'
import type { SqlFunction } from '../functions/sql-function.ts'
import { STEP } from '../functions/step.ts'
import { STEP_MANY } from '../functions/step-many.ts'
import { APPROVAL_TEXT, CALL_TEXT, STANDING_TEXT } from '../functions/texts.ts'

/** All functions of this build, in the order in which they can be made. */
export const FUNCTIONS: readonly SqlFunction[] = [
  ENTER, MOMENT, PERIOD, LOCK_HEAD, APPROVAL_TEXT, CALL_TEXT, STANDING_TEXT, JUDGE_APPROVAL, APPROVALS_FULL, FLUSH_CALLS, STEP, STEP_MANY,
  RECALL, DUE, APPROVAL_OF, CALLS_OF, STANDING_OF, CHANGED, INTEGRATE,
]

/**
 * What holds inside every function. Temporary tables come last: nobody can slip one in front of ours. And no plan reads a whole table: one that was
 * made while a table was empty would, and a session keeps it when the table has grown. Nor is a batch joined with itself by looking at each pair.
 * `schema` as it is written in SQL.
 */
export const settingsOf = (schema: string): readonly string[] => [`search_path=${schema}, pg_temp`, 'enable_seqscan=off', 'enable_nestloop=off']

/** `schema` is quoted already. */
export const functionText = ({ name, parameters, returns, body }: SqlFunction, schema: string): string =>
  `create function ${schema}.${name}(${parameters}) returns ${returns} language plpgsql volatile
  ${settingsOf(schema).map((setting) => `set ${setting.replace('=', ' = ')}`).join(' ')} as $portcullis$${body}$portcullis$`
