import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { pinnedNote } from './pinned.ts'
import type { Verdict } from './verdict.ts'
import { verifyLog, type Pins } from './verify-log.ts'

const USAGE = `Usage: portcullis-verify <log file> --key <verifier key, or a file that holds it> [--checkpoint <file>] [--json]

Exit status: 0 the log is valid, 1 it is invalid, 2 it could not be decided.
Take the key, and the checkpoint, from a place that the operator of the log cannot change.
`

const UNPINNED = 'No earlier checkpoint was given: records cut off at the end, or a history signed anew, would not be noticed.'

/** What the command does, apart from the process around it: prints, and answers the exit status. */
export async function run(argv: readonly string[], print: (text: string) => void): Promise<0 | 1 | 2> {
  try {
    const given = parse(argv)
    if (given === undefined) {
      print(USAGE)
      return 2
    }
    const pins = readPins(given.key, given.checkpoint)
    const verdict = await verifyLog(contents(given.path), pins)
    print(given.json ? `${JSON.stringify(verdict)}\n` : sentences(verdict, pins))
    return verdict.verdict === 'valid' ? 0 : verdict.verdict === 'invalid' ? 1 : 2
  } catch (error) {
    print(`Not verified: ${error instanceof Error ? error.message : 'unknown error'}\n`)
    return 2
  }
}

/** Undefined for anything but one path, one key, and each option at most once. */
function parse(argv: readonly string[]): { path: string; key: string; checkpoint: string | undefined; json: boolean } | undefined {
  const paths: string[] = []
  const options = new Map<string, string>()
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? ''
    if (!word.startsWith('--')) {
      paths.push(word)
      continue
    }
    const value = word === '--json' ? '' : argv[++index]
    if (!['--json', '--key', '--checkpoint'].includes(word) || options.has(word) || value === undefined) return undefined
    options.set(word, value)
  }
  const [path, ...more] = paths
  const key = options.get('--key')
  if (path === undefined || more.length > 0 || key === undefined) return undefined
  return { path, key, checkpoint: options.get('--checkpoint'), json: options.has('--json') }
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
    const rest = size - covered
    if (rest > 0) lines.push(`The last ${rest} records are in order, but no checkpoint binds them yet: a change there would not be noticed.`)
    if (checkpoint === undefined) lines.push(UNPINNED)
  }
  return `${lines.join('\n')}\n`
}
