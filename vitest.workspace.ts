import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { RequirementsReporter } from './test-support/requirements-reporter.ts'

const root = fileURLToPath(new URL('.', import.meta.url))

/** What a project starts once a run. */
const globalSetup: Readonly<Record<string, string>> = { 'packages/postgres': `${root}packages/postgres/test/global-setup.ts` }

/** Siblings resolve to their sources, so that tests never depend on a stale build and mutants are seen across packages. */
const packages = readdirSync(`${root}packages`)
const examples = readdirSync(`${root}examples`).map((name) => `examples/${name}`).filter((folder) => existsSync(`${root}${folder}/test`))
type Exports = Record<string, { '@portcullis/source': string }>

const alias = packages
  .flatMap((folder) => {
    const { name, exports } = JSON.parse(readFileSync(`${root}packages/${folder}/package.json`, 'utf8')) as { name: string; exports: Exports }
    return Object.entries(exports).map(([subpath, target]) => ({ find: `${name}${subpath.slice(1)}`, replacement: `${root}packages/${folder}/${target['@portcullis/source'].slice(2)}` }))
  })
  .concat({ find: '@portcullis/test-support', replacement: `${root}test-support/verifies.ts` })
  .toSorted((a, b) => b.find.length - a.find.length) // a subpath must be tried before its bare name

export default defineConfig({
  resolve: { alias },
  test: {
    reporters: ['default', ['json', { outputFile: `${root}reports/vitest.json` }], new RequirementsReporter()],
    projects: [...packages.map((name) => `packages/${name}`), ...examples, 'scripts'].map((folder) => ({
      extends: true as const,
      test: {
        name: basename(folder), root: folder, include: ['test/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, globalSetup: globalSetup[folder] ?? [],
      },
    })),
  },
})
