import { accessSync, constants, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Project } from './pack-project.ts'
import { runWith } from './pack-runtime.ts'

/** Loads every entry by `import()` and by `require()` and compares the names it exports with those of the sources. */
const PROBE = `
const expected = JSON.parse(require('node:fs').readFileSync('expected.json', 'utf8'))
const results = []
const judge = (specifier, how, namespace) => {
  const names = Object.keys(namespace).filter((name) => name !== '__esModule').sort()
  const same = JSON.stringify(names) === JSON.stringify(expected[specifier])
  results.push({ specifier, how, problem: same ? null : 'exports ' + names + ', the sources export ' + expected[specifier] })
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

/** One thing that was tried, and what was wrong with it. */
export interface Result {
  readonly node: string
  readonly specifier: string
  readonly how: 'import' | 'require' | 'program' | 'README'
  readonly problem: string | null
}

/** Each entry by import and by require, in one process each Node; `expected` has the names that its sources export. */
export async function probe({ folder, runtime }: Project, expected: ReadonlyMap<string, readonly string[]>): Promise<Result[]> {
  writeFileSync(join(folder, 'expected.json'), JSON.stringify(Object.fromEntries(expected)))
  writeFileSync(join(folder, 'probe.cjs'), PROBE)
  const { passed, output, answer } = await runWith(runtime, runtime.node, ['probe.cjs'], folder)
  if (!passed) throw new Error(output)
  return (JSON.parse(answer) as Omit<Result, 'node'>[]).map((result) => ({ node: runtime.version, ...result }))
}

/** A program is where npm puts it, and its file can be run. */
export function installedProgram({ folder, runtime }: Project, program: string): Result {
  const result = { node: runtime.version, specifier: program, how: 'program' } as const
  try {
    accessSync(join(folder, 'node_modules/.bin', program), constants.X_OK)
    return { ...result, problem: null }
  } catch (error) {
    return { ...result, problem: String(error) }
  }
}
