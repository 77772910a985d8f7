/**
 * The checkpoint to hold a log against, from a kept file: either one signed note as it is, or the JSON lines `{"origin","note"}` that a
 * checkpoint file collects, of which the last whole one of this origin counts. Undefined if there is none.
 */
export function pinnedNote(file: string, origin: string): string | undefined {
  if (!file.startsWith('{')) return file === '' ? undefined : file
  let found: string | undefined
  for (const line of file.split('\n')) {
    const entry = parse(line)
    if (entry?.origin === origin && typeof entry.note === 'string') found = entry.note
  }
  return found
}

/** A crash may have left half a line: a checkpoint that was never acknowledged, so it is skipped. */
function parse(line: string): { origin?: unknown; note?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
