import type { z } from 'zod'
import { anatomy, parts, type Schema } from './anatomy.ts'

/** More would only feed a flood: one wrong list can have 50,000 issues. */
const MOST_ISSUES = 20
const MOST_TEXT = 4_000
const MOST_ALTERNATIVES = 20

const namesOf = new WeakMap<Schema, ReadonlySet<string>>()

/** Every member name that a schema declares, anywhere in it. */
function declaredNames(root: Schema): ReadonlySet<string> {
  const known = namesOf.get(root)
  if (known) return known
  const names = new Set<string>()
  const seen = new Set<Schema>([root])
  const waiting = [root]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const name of Object.keys(anatomy(next).shape ?? {})) names.add(name)
    for (const { schema } of parts(next)) {
      if (seen.has(schema)) continue
      seen.add(schema)
      waiting.push(schema)
    }
  }
  namesOf.set(root, names)
  return names
}

/** Only names that the schema declares are written out; a name that the caller invented becomes `*`. */
function place(path: readonly PropertyKey[], declared: ReadonlySet<string>): string {
  if (path.length === 0) return 'input'
  const steps = path.slice(0, 20).map((step) => (typeof step === 'number' ? `[${step}]` : declared.has(String(step)) ? `.${String(step)}` : '.*'))
  return steps.join('').replace(/^\./, '')
}

/** Our own words: zod's messages and authors' messages may quote the value. */
function complaint(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type': return `expected ${issue.expected}`
    case 'too_small': return `at least ${String(issue.minimum)}${issue.inclusive === false ? ' (exclusive)' : ''}`
    case 'too_big': return `at most ${String(issue.maximum)}${issue.inclusive === false ? ' (exclusive)' : ''}`
    case 'invalid_format': return `not a valid ${issue.format}`
    case 'not_multiple_of': return `must be a multiple of ${String(issue.divisor)}`
    case 'unrecognized_keys': return 'has fields that are not declared'
    case 'invalid_value': return `expected one of ${issue.values.slice(0, MOST_ALTERNATIVES).map((value) => JSON.stringify(value) ?? String(value)).join(', ')}`
    case 'invalid_union': return 'fits none of the allowed forms'
    case 'invalid_key': return 'has a name that is not allowed'
    case 'invalid_element': return 'has an entry that is not allowed'
    default: return 'not accepted'
  }
}

/**
 * What is wrong with an input, one line an issue: at most 20 issues and 4,000 characters, in words that never repeat a value or a name
 * that the caller sent.
 */
export function inputIssues(error: z.core.$ZodError, schema: Schema): string {
  const declared = declaredNames(schema)
  const lines: string[] = []
  let length = 0
  for (const issue of error.issues.slice(0, MOST_ISSUES)) {
    const line = `${place(issue.path, declared)}: ${complaint(issue)}`
    if (length + line.length + 1 > MOST_TEXT - 40) break
    lines.push(line)
    length += line.length + 1
  }
  const left = error.issues.length - lines.length
  if (left > 0) lines.push(`and ${left} more`)
  return lines.join('\n')
}
