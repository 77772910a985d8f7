import { createHash } from 'node:crypto'

/** Far below what fits into an index (2,704 bytes a row), whatever the characters. */
const LONGEST = 600

/** A text that comes back as it was: PostgreSQL knows no NUL and no half of a character, JSON writes both with ASCII. */
export const keyText = (text: string): string => JSON.stringify(text)

/** A text by which something is found and that need not come back: a long one is its digest. JSON begins with a quotation mark, a digest does not. */
export function findText(text: string): string {
  const json = JSON.stringify(text)
  return json.length <= LONGEST ? json : `#${createHash('sha256').update(json).digest('hex')}`
}
