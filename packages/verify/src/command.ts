import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { pinnedNote } from './pinned.ts'
import type { Verdict } from './verdict.ts'
import { verifyLog, type Pins } from './verify-log.ts'

const USAGE = `Usage: portcullis-verify <log file> --key <verifier key, or a file that holds it> [--checkpoint <file>] [--json]

Exit status: 0 the log is valid, 1 it is invalid, 2 it could not be decided.
Take the key, and the checkpoint, from a place that the operator of the log cannot change.
`

/** What the command does, apart from the process around it: prints, and answers the exit status. */
export async function run(argv: readonly string[], print: (text: string) => void): Promise<0 | 1 | 2> {
  try {
    const { positionals, values } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { key: { type: 'string' }, checkpoint: { type: 'string' }, json: { type: 'boolean' } },
    })
    const [path, ...more] = positionals
    if (path === undefined || more.length > 0 || values.key === undefined) {
      print(USAGE)
      return 2
    }
    const pins = readPins(values.key, values.checkpoint)
    const verdict = await verifyLog(contents(path), pins)
    print(values.json === true ? `${JSON.stringify(verdict)}\n` : sentences(verdict, pins))
    return verdict.verdict === 'valid' ? 0 : verdict.verdict === 'invalid' ? 1 : 2
  } catch (error) {
    print(`Not verified: ${error instanceof Error ? error.message : 'unknown error'}\n`)
    return 2
  }
}

/** Opens the file when the first byte is wanted, and not at all if the pins are no good. */
async function* contents(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>
}

function readPins(keyOrFile: string, checkpointFile: string | undefined): Pins {
  const key = (existsSync(keyOrFile) ? readFileSync(keyOrFile, 'utf8') : keyOrFile).trim()
  if (checkpointFile === undefined) return { key }
  const origin = key.slice(0, Math.max(0, key.indexOf('+')))
  const checkpoint = pinnedNote(readFileSync(checkpointFile, 'utf8'), origin)
  if (checkpoint === undefined) throw new Error('the checkpoint file holds no checkpoint of this log.')
  return { key, checkpoint }
}

function sentences({ verdict, size, covered, problem }: Verdict, { checkpoint }: Pins): string {
  const lines: string[] = []
  if (problem !== undefined) {
    lines.push(verdict === 'invalid' ? 'INVALID.' : 'NOT DECIDED.', problem.message)
    if (covered > 0) lines.push(`The first ${covered} records are bound by a signed checkpoint and unaltered.`)
  } else {
    lines.push('VALID.', `The first ${covered} of ${size} records are bound by a signed checkpoint and unaltered.`)
    if (covered < size) lines.push(`The last ${size - covered} records are in order, but no checkpoint binds them yet: a change there would not be noticed.`)
    if (checkpoint === undefined) lines.push('No earlier checkpoint was given: records cut off at the end, or a history signed anew, would not be noticed.')
  }
  return `${lines.join('\n')}\n`
}
