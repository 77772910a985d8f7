import { readHeader, readLast, readTile, TILE, type Header } from './format.ts'
import { linesOf } from './lines.ts'
import { openCheckpoint, readKey, type PinnedKey, type SignedRoot } from './note.ts'
import { Trees } from './trees.ts'
import { Finding, verdictOf, type Problem, type Progress, type Verdict } from './verdict.ts'

export interface Pins {
  /** The verifier key, `<origin>+<id>+<base64>`, from a trusted place: never from the file itself. */
  readonly key: string
  /** A checkpoint of this log that somebody kept: shows that nothing before it was rewritten or cut off. */
  readonly checkpoint?: string
}

/**
 * Verifies a log in the format portcullis-log/1, in bounded memory, from its bytes alone. `file` yields chunks cut anywhere. Never throws for
 * contents; an error of `file` itself passes through. Names the first bad record wherever the file still allows it.
 */
export async function verifyLog(file: AsyncIterable<Uint8Array | string>, pins: Pins): Promise<Verdict> {
  const progress: Progress = { size: 0, covered: 0 }
  const problem = await problemOf(file, pins, progress)
  if (problem === undefined) return { verdict: 'valid', ...progress }
  return { verdict: verdictOf(problem), ...progress, problem }
}

async function problemOf(file: AsyncIterable<Uint8Array | string>, pins: Pins, progress: Progress): Promise<Problem | undefined> {
  const lines = linesOf(file)
  try {
    const key = readKey(pins.key)
    const pinned = pins.checkpoint === undefined ? undefined : readPinned(pins.checkpoint, key)
    const header = readHeader(await next(lines, 'The file is empty.'))
    if (header.key !== key.text) throw new Finding('key_not_pinned', 'The file names another key than the pinned one.')
    if (header.origin !== key.name) throw new Finding('origin_mismatch', 'The file is the log of another origin than the pinned key.')
    return await problemOfRecords(lines, header, key, pinned, progress)
  } catch (finding) {
    if (finding instanceof Finding) return finding.problem
    throw finding
  } finally {
    await lines.return(undefined) // lets the source close its file, however early we stopped
  }
}

async function problemOfRecords(
  lines: AsyncGenerator<Buffer>, header: Header, key: PinnedKey, pinned: SignedRoot | undefined, progress: Progress,
): Promise<Problem | undefined> {
  const trees = new Trees(header, pinned?.size ?? 0)
  try {
    await readRecords(lines, header, trees, progress)
    const note = readLast(await next(lines, 'The file ends before its checkpoint.', header.size))
    if (!(await lines.next()).done) throw new Finding('trailing_data', 'There are lines after the checkpoint.')
    return trees.judge(header, note === null ? undefined : openCheckpoint(note, key), pinned, progress)
  } catch (finding) {
    // One altered line can spoil all that follows: the first one is the news.
    if (finding instanceof Finding && trees.first !== undefined) return trees.first
    throw located(finding, progress)
  }
}

async function readRecords(lines: AsyncGenerator<Buffer>, header: Header, trees: Trees, progress: Progress): Promise<void> {
  for (let index = 0; index * TILE < header.size; index++) {
    const tile = readTile(await next(lines, 'The file ends too early.', index * TILE), index, header)
    trees.addTile(index, tile.leaves, tile.hash)
    for (const [offset, leaf] of tile.leaves.entries()) {
      const seq = index * TILE + offset
      trees.addRecord(seq, await next(lines, 'The file ends too early.', seq), leaf)
      progress.size = seq + 1
    }
  }
}

function readPinned(note: string, key: PinnedKey): SignedRoot {
  try {
    return openCheckpoint(note, key)
  } catch {
    throw new Finding('pinned_invalid', 'The pinned checkpoint is not one that this key signed for this log.')
  }
}

async function next(lines: AsyncGenerator<Buffer>, missing: string, record?: number): Promise<Buffer> {
  const { value, done } = await lines.next()
  if (done === true) throw new Finding('file_truncated', missing, record)
  return value
}

/** A line that cannot be read at all stands where the next record was due. */
function located(finding: unknown, { size }: Progress): unknown {
  if (!(finding instanceof Finding) || finding.problem.record !== undefined) return finding
  const { code, message } = finding.problem
  return code === 'file_truncated' || code === 'line_too_long' ? new Finding(code, message, size) : finding
}
