import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Edit } from './bug.ts'

/** Makes one change in a text. Throws unless its place is there exactly once: after a refactoring the list of bugs has to follow. */
export function edited(text: string, { file, find, replace }: Edit): string {
  const places = text.split(find).length - 1
  if (places !== 1) throw new Error(`${file}: the text to sabotage occurs ${places} times and must occur once: ${JSON.stringify(find)}`)
  return text.replace(find, () => replace)
}

/** Makes the changes below `folder`, all or none, and answers how to take them back. */
export function sabotage(folder: string, edits: readonly Edit[]): () => void {
  const before = new Map<string, string>()
  const after = new Map<string, string>()
  for (const edit of edits) {
    const text = after.get(edit.file) ?? readFileSync(join(folder, edit.file), 'utf8')
    if (!before.has(edit.file)) before.set(edit.file, text)
    after.set(edit.file, edited(text, edit))
  }
  for (const [file, text] of after) writeFileSync(join(folder, file), text)
  return () => {
    for (const [file, text] of before) writeFileSync(join(folder, file), text)
  }
}
