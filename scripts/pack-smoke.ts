import { join } from 'node:path'
import { build } from './build.ts'
import { goThrough } from './pack-live.ts'
import { installedProgram, probe, type Result } from './pack-probe.ts'
import { install, type Archives } from './pack-project.ts'
import { readReadme } from './pack-readme.ts'
import { runtimes, type Runtime } from './pack-runtime.ts'
import { withPacked } from './pack.ts'
import { runInOrder, writeReport, type Outcome } from './steps.ts'
import { surface } from './surface.ts'
import { leftOut, workspace } from './workspace.ts'

const here = workspace()
const results: Result[] = []

function outcome(of: readonly Result[]): Outcome {
  results.push(...of)
  const broken = of.filter(({ problem }) => problem !== null)
  const output = broken.map(({ node, specifier, how, problem }) => `Node ${node}, ${how} ${specifier}: ${problem ?? ''}`).join('\n')
  return { passed: broken.length === 0, output }
}

/** Every entry and program of every package, in a project that has them all. */
async function load(runtime: Runtime, archives: Archives, folder: string): Promise<Outcome> {
  const packages = [...archives.keys()]
  const names = new Set(packages.flatMap(({ name, peers }) => [name, ...Object.keys(peers)]))
  const { installed, ...project } = await install(folder, runtime, 'commonjs', [...names], archives)
  if (!installed.passed) return installed
  const programs = packages.flatMap((one) => one.programs)
  return outcome([...(await probe(project, surface(packages))), ...programs.map((program) => installedProgram(project, program))])
}

/** The README's server in a project that has what the README installs. */
async function live(runtime: Runtime, type: 'module' | 'commonjs', archives: Archives, folder: string): Promise<Outcome> {
  const readme = readReadme()
  const { installed, ...project } = await install(folder, runtime, type, readme.names, archives)
  if (!installed.passed) return installed
  const problem = await goThrough(readme, type, project).then(() => null, (error: unknown) => (error instanceof Error ? error.message : String(error)))
  return outcome([{ node: runtime.version, specifier: type, how: 'README', problem }])
}

async function smoke(archives: Archives, folder: string): Promise<Outcome> {
  const steps = (await runtimes(folder)).flatMap((runtime) => {
    const place = (name: string): string => join(folder, `${name}-${runtime.version}`)
    return [
      { name: `load ${runtime.version}`, run: () => load(runtime, archives, place('load')) },
      { name: `esm  ${runtime.version}`, run: () => live(runtime, 'module', archives, place('module')) },
      { name: `cjs  ${runtime.version}`, run: () => live(runtime, 'commonjs', archives, place('commonjs')) },
    ]
  })
  const done = await runInOrder(steps)
  return { passed: done.every(({ passed }) => passed) }
}

const done = await runInOrder([
  { name: 'build', run: () => build(here.ready) },
  { name: 'pack, try', run: () => withPacked(here.ready, smoke) },
])
if (leftOut(here) !== '') process.stderr.write(`${leftOut(here)}\n`)
const broken = results.filter(({ problem }) => problem !== null).length
const failed = Math.max(broken, done.some(({ passed }) => !passed) ? 1 : 0)
const nodes = [...new Set(results.map(({ node }) => node))]
writeReport('pack-smoke', { passed: results.length - broken, failed, results })
const tried = `${here.ready.length} packages; each entry by import and by require, the README's two servers; Node ${nodes.join(', ')}`
process.stderr.write(`pack:smoke: ${results.length - broken} passed, ${failed} failed (${tried})\n`)
if (failed > 0) process.exitCode = 1
