import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bug, Suite } from './sabotage/bug.ts'
import { BUGS } from './sabotage/bugs.ts'
import { copyTree } from './sabotage/copy.ts'
import { sabotage } from './sabotage/edit.ts'
import { judgeBug, judgeUntouched, type SuiteReport } from './sabotage/judge.ts'
import { command, runInOrder, writeReport, type Outcome, type Step } from './steps.ts'
import { ROOT } from './workspace.ts'

const only = process.argv.flatMap((word, index, words) => (word === '--only' ? [words[index + 1] ?? ''] : []))
const unknown = only.filter((name) => !BUGS.some((bug) => bug.name === name))
if (unknown.length > 0) {
  process.stderr.write(`sabotage: there is no bug called ${unknown.join(', ')}; there are: ${BUGS.map(({ name }) => name).join(', ')}\n`)
  process.exit(1)
}
const bugs = only.length === 0 ? BUGS : BUGS.filter(({ name }) => only.includes(name))

/** The work tree itself is never touched: bugs are planted in a copy, which is gone when this ends. */
const copy = await copyTree()
process.once('exit', () => copy.remove())
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** What the compiler has against the copy, a line an error. */
async function compileErrors(): Promise<string[]> {
  const { passed, output } = await command(process.execPath, [join(copy.folder, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json', '--pretty', 'false', '--incremental', '--tsBuildInfoFile', 'node_modules/.tsbuildinfo'], copy.folder)
  const lines = output.split('\n').filter((line) => line.includes('error TS'))
  return passed || lines.length > 0 ? lines : [output]
}

let runs = 0
async function runSuites(suites: readonly Suite[]): Promise<SuiteReport> {
  const target = join(copy.folder, `suites-${(runs += 1)}.json`)
  const program = join(copy.folder, relative(ROOT, fileURLToPath(import.meta.resolve('./sabotage/suites.ts'))))
  const { output } = await command(process.execPath, [program, JSON.stringify(suites), target], copy.folder)
  try {
    return JSON.parse(readFileSync(target, 'utf8')) as SuiteReport
  } catch {
    return { tests: [], broken: [`the suites did not end: ${output.slice(-2_000)}`] }
  }
}

let known: readonly string[] = []
const caught: { readonly name: string; readonly by: readonly string[]; readonly problem: string | null }[] = []

async function untouched(): Promise<Outcome> {
  const [errors, report] = await Promise.all([compileErrors(), runSuites(bugs.flatMap(({ suites }) => suites))])
  known = errors
  const problems = [...errors.map((error) => `does not compile without any bug: ${error}`), ...judgeUntouched(bugs, report)]
  return { passed: problems.length === 0, note: `${report.tests.length} tests pass without a bug`, output: problems.join('\n') }
}

async function plant(bug: Bug): Promise<Outcome> {
  let undo = (): void => undefined
  try {
    undo = sabotage(copy.folder, bug.edits)
    const [errors, report] = await Promise.all([compileErrors(), runSuites(bug.suites)])
    const { by, problem } = judgeBug(bug, errors.filter((error) => !known.includes(error)), report)
    caught.push({ name: bug.name, by, problem: problem ?? null })
    return problem === undefined ? { passed: true, note: `caught by ${JSON.stringify(by[0])}${by.length > 1 ? ` and ${by.length - 1} more` : ''}` } : { passed: false, output: `${problem}. ${bug.danger}` }
  } catch (error) {
    const problem = `${bug.name} could not be planted: ${error instanceof Error ? error.message : String(error)}`
    caught.push({ name: bug.name, by: [], problem })
    return { passed: false, output: problem }
  } finally {
    undo()
  }
}

const steps: Step[] = [{ name: 'untouched', run: untouched }, ...bugs.map((bug) => ({ name: bug.name, run: () => plant(bug) }))]
const done = await runInOrder(steps)
const passed = done.filter((step) => step.passed).length
const report = { passed, failed: done.length - passed, bugs: caught }
writeReport('sabotage', report)
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
process.stderr.write(`${report.passed} passed, ${report.failed} failed\n`)
if (report.failed > 0) process.exitCode = 1
