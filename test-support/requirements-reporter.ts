import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Reporter, TestModule, TestSpecification, Vitest } from 'vitest/node'
import { MANIFEST } from '../packages/testing/src/manifest.ts'
import { judge, type Citation, type Judgement } from './judge.ts'

/** Whether a requirement that is promised but not proven turns the run red. An id that does not exist always does. */
const STRICT = true

const FOLDER = 'reports'

/** After a full run: holds the manifest against the runner's results, writes the report, and turns the run red. */
export class RequirementsReporter implements Reporter {
  #vitest: Vitest | undefined
  #full = false

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  async onTestRunStart(specifications: readonly TestSpecification[]): Promise<void> {
    this.#full = this.#vitest !== undefined && (await isFull(this.#vitest, specifications.length))
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const vitest = this.#vitest
    if (vitest === undefined || !this.#full) return
    const judgement = judge(MANIFEST, modules.flatMap((module) => citations(module, vitest.config.root)))
    write(judgement, join(vitest.config.root, FOLDER))
    for (const line of complaints(judgement)) process.stderr.write(`${line}\n`)
    if (judgement.unknown.length > 0 || (STRICT && judgement.unproven.length > 0)) process.exitCode = 1
  }
}

/** With a filter of any kind, a requirement without a test only means that its test was not asked for. */
async function isFull(vitest: Vitest, files: number): Promise<boolean> {
  const { testNamePattern, project, tagsFilter } = vitest.config
  if (project.length > 0 || testNamePattern !== undefined || tagsFilter !== undefined) return false
  return files === (await vitest.globTestSpecifications()).length
}

function citations(module: TestModule, root: string): Citation[] {
  return [...module.children.allTests()].flatMap((test) => {
    const ids = test.meta().requirements
    return ids === undefined ? [] : [{ ids, title: test.fullName, file: relative(root, module.moduleId), passed: test.result().state === 'passed' }]
  })
}

function write({ proofs, unproven, unknown, early }: Judgement, folder: string): void {
  const count = (status: string): number => proofs.filter(({ standing }) => standing.status === status).length
  const report = {
    counts: { proven: count('proven'), partial: count('partial'), later: count('later'), unproven: unproven.length, unknown: unknown.length },
    unproven, unknown, early,
    requirements: proofs.map(({ id, standing, tests }) => ({ id, ...standing, tests })),
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'requirements.json'), `${JSON.stringify(report, null, 2)}\n`)
}

function complaints({ unproven, unknown, early }: Judgement): string[] {
  const list = (ids: readonly string[], what: string): string[] => (ids.length > 0 ? [`requirements: ${ids.length} ${what}: ${ids.join(' ')}`] : [])
  return [
    ...list(unknown, 'cited but not in the manifest'),
    ...list(unproven, `promised without a passing test${STRICT ? '' : ' (a warning until the manifest is strict)'}`),
    ...list(early, 'put off in the manifest, yet proven by a test: say so there'),
  ]
}
