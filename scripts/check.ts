import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { reportApi } from './api.ts'
import { build } from './build.ts'
import { checkHouse } from './house.ts'
import { withPacked } from './pack.ts'
import { command, runInOrder, together, writeReport, type Outcome, type Step } from './steps.ts'
import { leftOut, ROOT, workspace } from './workspace.ts'

const here = workspace()
const { ready } = here
const missing = leftOut(here)
const noted = (outcome: Outcome): Outcome => (missing === '' ? outcome : { ...outcome, note: [outcome.note, missing].filter(Boolean).join('; ') })

/** What reads the sources. */
const sources: readonly Step[] = [
  { name: 'types', run: () => command('tsc', ['-p', 'tsconfig.json', '--pretty', 'false']) },
  { name: 'lint', run: () => command('oxlint', ['--type-aware', '--deny-warnings']) },
  { name: 'house', run: checkHouse },
  { name: 'imports', run: () => command('depcruise', ['--output-type', 'err', ...sourceFolders()]) },
  { name: 'dead code', run: () => command('knip', ['--no-progress', '--no-config-hints', ...written().flatMap((folder) => ['--workspace', folder])]) },
  { name: 'docs', run: checkDocs },
]

/** What reads the artefacts. */
const artefacts: readonly Step[] = [
  { name: 'build', run: async () => noted(await build(ready)) },
  { name: 'packages', run: async () => noted(await withPacked(ready, checkArchives)) },
  { name: 'api', run: async () => noted(reportApi(ready, 'check')) },
]

async function checkArchives(archives: ReadonlyMap<{ readonly name: string }, string>): Promise<Outcome> {
  const outcomes: Outcome[] = []
  for (const [{ name }, archive] of archives) {
    for (const [tool, ...args] of [['publint', 'run', archive, '--strict'], ['attw', archive, '--profile', 'esm-only']] as const) {
      const { passed, output } = await command(tool, args)
      outcomes.push({ passed, output: `${tool} ${name}\n${output}` })
    }
  }
  return together(outcomes, `${archives.size} packages`)
}

/** Git knows no empty folders, but a work tree has them. */
function hasSources(folder: string): boolean {
  return existsSync(join(ROOT, folder)) && readdirSync(join(ROOT, folder)).length > 0
}

/** Whatever is built on the packages without being one. */
const embedders = ['bench', ...readdirSync(join(ROOT, 'examples')).map((name) => `examples/${name}`)]

/** Imports are checked from the first file on, whether or not the package can be built yet. */
function sourceFolders(): string[] {
  const packages = [...here.ready, ...here.unready].map(({ short }) => `packages/${short}`)
  return [...packages, ...embedders].map((folder) => `${folder}/src`).filter(hasSources)
}

/** The workspaces in which dead code can be told from code that is not used yet. */
function written(): string[] {
  return ['.', ...ready.map(({ short }) => `packages/${short}`), ...embedders.filter((folder) => hasSources(`${folder}/src`))]
}

async function checkDocs(): Promise<Outcome> {
  if (!ready.some(({ short }) => short === 'core')) return { passed: true, note: missing }
  return command('node', ['--conditions=@portcullis/source', 'scripts/generate-docs.ts', '--check'])
}

const steps = (await Promise.all([runInOrder(sources), runInOrder(artefacts)])).flat()
const passed = steps.filter((step) => step.passed).length
const report = { passed, failed: steps.length - passed, skipped: here.unready.map(({ name }) => name), steps: steps.map(({ name, seconds, passed: green, note }) => ({ name, seconds, passed: green, note })) }
writeReport('check', report)
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
process.stderr.write(`check: ${report.passed} passed, ${report.failed} failed\n`)
if (report.failed > 0) process.exitCode = 1
