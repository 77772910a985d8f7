import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runWith, type Runtime } from './pack-runtime.ts'
import type { Outcome } from './steps.ts'
import { ROOT, type Package } from './workspace.ts'

/** An embedder's project: what is installed, and nothing else. */
export interface Project {
  readonly folder: string
  readonly runtime: Runtime
}

export type Archives = ReadonlyMap<Package, string>

/** What a registry's package is tried with: the version that ours are developed against. */
function versions(archives: Archives): Record<string, string> {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> }
  return Object.assign({}, devDependencies, ...[...archives.keys()].map(({ peers }) => peers)) as Record<string, string>
}

/**
 * Makes a folder with a `package.json` of that `type` and installs what is named there: our packages, and those of ours that they need,
 * from their archives, everything else from the registry. npm runs under the project's own Node and refuses what does not support it.
 */
export async function install(
  folder: string, runtime: Runtime, type: 'module' | 'commonjs', names: readonly string[], archives: Archives,
): Promise<Project & { readonly installed: Outcome }> {
  mkdirSync(folder, { recursive: true })
  const overrides = Object.fromEntries([...archives].map(([{ name }, archive]) => [name, `file:${archive}`]))
  const known: Readonly<Record<string, string>> = { ...versions(archives), ...overrides }
  const unknown = names.filter((name) => known[name] === undefined)
  if (unknown.length > 0) throw new Error(`nobody says which version of ${unknown.join(', ')} to try`)
  const dependencies = Object.fromEntries(names.map((name) => [name, known[name]]))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'smoke', private: true, type, dependencies, overrides }))
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--engine-strict']
  return { folder, runtime, installed: await runWith(runtime, 'npm', ['install', ...flags], folder) }
}
