import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.ts'
import { withPacked } from './pack.ts'
import { command, runInOrder, writeReport, type Outcome } from './steps.ts'
import { surface } from './surface.ts'
import { leftOut, workspace, type Package } from './workspace.ts'

/** Loads every entry by `import()` and by `require()` and compares the names it exports with those of the sources. */
const PROBE = `
const expected = JSON.parse(require('node:fs').readFileSync('expected.json', 'utf8'))
const results = []
const judge = (specifier, how, namespace) => {
  const names = Object.keys(namespace).filter((name) => name !== '__esModule').sort()
  results.push({ specifier, how, problem: JSON.stringify(names) === JSON.stringify(expected[specifier]) ? null : 'exports ' + names + ', the sources export ' + expected[specifier] })
}
const attempt = async (specifier, how, load) => {
  try { judge(specifier, how, await load()) } catch (error) { results.push({ specifier, how, problem: String(error) }) }
}
;(async () => {
  for (const specifier of Object.keys(expected)) {
    await attempt(specifier, 'import', () => import(specifier))
    await attempt(specifier, 'require', () => require(specifier))
  }
  process.stdout.write(JSON.stringify(results))
})()
`

interface Result {
  readonly specifier: string
  readonly how: 'import' | 'require' | 'program'
  readonly problem: string | null
}

/** A program is where npm puts it, and its file can be run. */
function installedProgram(project: string, program: string): Result {
  try {
    accessSync(join(project, 'node_modules/.bin', program), constants.X_OK)
    return { specifier: program, how: 'program', problem: null }
  } catch (error) {
    return { specifier: program, how: 'program', problem: String(error) }
  }
}

const here = workspace()
let results: readonly Result[] = []

/** Installs the archives into an empty project, as an embedder would, and runs the probe there. */
async function smoke(archives: ReadonlyMap<Package, string>, folder: string): Promise<Outcome> {
  const project = join(folder, 'project')
  mkdirSync(project)
  const dependencies: Record<string, string> = {}
  for (const [{ name, peers }, archive] of archives) Object.assign(dependencies, peers, { [name]: `file:${archive}` })
  const overrides = Object.fromEntries([...archives].map(([{ name }]) => [name, `$${name}`])) // siblings come from the archives, too
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'smoke', private: true, dependencies, overrides }))
  writeFileSync(join(project, 'expected.json'), JSON.stringify(Object.fromEntries(surface([...archives.keys()]))))
  writeFileSync(join(project, 'probe.cjs'), PROBE)
  const installed = await command('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'], project)
  if (!installed.passed) return installed
  const probed = await command(process.execPath, ['--disable-warning=ExperimentalWarning', 'probe.cjs'], project)
  if (!probed.passed) return probed
  const programs = [...archives.keys()].flatMap((one) => one.programs)
  results = [...(JSON.parse(probed.output) as Result[]), ...programs.map((program) => installedProgram(project, program))]
  const broken = results.filter(({ problem }) => problem !== null)
  return { passed: broken.length === 0, output: broken.map(({ specifier, how, problem }) => `${how} ${specifier}: ${problem ?? ''}`).join('\n') }
}

const done = await runInOrder([
  { name: 'build', run: () => build(here.ready) },
  { name: 'pack, load', run: () => withPacked(here.ready, smoke) },
])
if (leftOut(here) !== '') process.stderr.write(`${leftOut(here)}\n`)
const broken = results.filter(({ problem }) => problem !== null).length
const failed = Math.max(broken, done.some(({ passed }) => !passed) ? 1 : 0)
writeReport('pack-smoke', { passed: results.length - broken, failed, results })
process.stderr.write(`pack:smoke: ${results.length - broken} passed, ${failed} failed (${here.ready.length} packages, each entry by import and by require)\n`)
if (failed > 0) process.exitCode = 1
