import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { command, type Outcome } from './steps.ts'
import { ROOT } from './workspace.ts'

const MOST_LINES = 300
const NAMELESS = /^(?:utils?|helpers?|types|common|misc)\.ts$/
const SOURCE = /^(?:packages\/[^/]+\/src|examples\/[^/]+\/src|bench|scripts(?!\/test\/)|test-support)\/.*\.ts$/
const CORE = /^packages\/core\/src\/(?!memory\/)/

/** What the linter has no rule for: [where, what must not be there, why]. */
const BANNED: readonly (readonly [where: RegExp, what: RegExp, why: string])[] = [
  [/^packages\/[^/]+\/src\//, /^export \* /m, 'exports are named one by one, so that the public surface is a decision'],
  [CORE, /\bnew Date\(\s*\)/, 'time is passed in, as a number of milliseconds'],
  [CORE, /\bglobalThis\.(?:Date|Math|process|performance)\b/, 'no clock, chance or environment in core'],
  [/./, /\b(?:TO[D]O|FIX[M]E)\b/, 'say it in an issue, not in the code'],
]

/** The complaints about one file. */
export function judgeFile(path: string, text: string): string[] {
  const lines = text.split('\n').length - 1
  return [
    ...(lines > MOST_LINES ? [`${path}: ${lines} lines, ${MOST_LINES} is the most`] : []),
    ...(NAMELESS.test(basename(path)) ? [`${path}: a file is named after the one thing it holds`] : []),
    ...BANNED.filter(([where, what]) => where.test(path) && what.test(text)).map(([, what, why]) => `${path}: ${what.source}: ${why}`),
  ]
}

/** Looks at every source file that git knows or would add. */
export async function checkHouse(): Promise<Outcome> {
  const listed = await command('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'])
  if (!listed.passed) return listed
  const sources = listed.output.split('\n').filter((path) => SOURCE.test(path))
  const complaints = sources.flatMap((path) => judgeFile(path, read(path)))
  return { passed: complaints.length === 0, note: `${sources.length} files`, output: complaints.join('\n') }
}

/** A file that is listed but gone was deleted and not yet committed: nothing to judge. */
function read(path: string): string {
  try {
    return readFileSync(join(ROOT, path), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
