import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { startVitest, type Reporter, type TestModule } from 'vitest/node'
import type { Suite } from './bug.ts'
import type { Failure, Ran, SuiteReport } from './judge.ts'

/** No run may take longer (ms): a bug that makes a test hang is not caught by it. */
const LONGEST = 180_000
setTimeout(() => process.exit(1), LONGEST).unref()

/** `node suites.ts <suites as JSON> <file>`: runs them in this tree and leaves a `SuiteReport` in the file. */
const root = join(import.meta.dirname, '../..')
const [asked, target] = process.argv.slice(2)
if (asked === undefined || target === undefined) throw new Error('suites and a file for the report are missing')
const suites = JSON.parse(asked) as readonly Suite[]

const plain = (error: Failure, depth = 0): Failure => ({
  name: error.name, message: String(error.message), ...(typeof error.cause === 'object' && error.cause !== null && depth < 4 ? { cause: plain(error.cause as Failure, depth + 1) } : {}),
})

function ran(module: TestModule): Ran[] {
  return [...module.children.allTests()].flatMap((test) => {
    const { state, errors } = test.result()
    if (state === 'skipped') return []
    return [{ file: relative(root, module.moduleId), title: test.fullName, failures: state === 'passed' ? [] : (errors ?? []).map((error) => plain(error)) }]
  })
}

const broken = (module: TestModule): string[] => module.errors().map(({ message }) => `${relative(root, module.moduleId)} cannot be run: ${message}`)

const reporter: Reporter = {
  onTestRunEnd(modules, _unhandled, reason) {
    const report: SuiteReport = {
      tests: modules.flatMap(ran),
      broken: [...modules.flatMap(broken), ...(reason === 'interrupted' ? ['the run was interrupted'] : [])],
    }
    writeFileSync(target, JSON.stringify(report))
  },
}

const projects = [...new Set(suites.map(({ project }) => project))]
const files = [...new Set(suites.flatMap((suite) => suite.files))]
const vitest = await startVitest('test', files.map((file) => join(root, file)), { root, watch: false, project: projects, reporters: [reporter] })
await vitest?.close()
