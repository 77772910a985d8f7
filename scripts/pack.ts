import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command, type Outcome } from './steps.ts'
import type { Package } from './workspace.ts'

const PNPM = ['-y', 'pnpm@10.34.8']

/** Packs built packages into a folder that is gone afterwards, and hands over each package's archive. */
export async function withPacked(packages: readonly Package[], use: (archives: ReadonlyMap<Package, string>, folder: string) => Promise<Outcome>): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-pack-'))
  try {
    const archives = new Map<Package, string>()
    for (const one of packages) {
      const before = new Set(readdirSync(folder))
      const packed = await command('npx', [...PNPM, 'pack', '--pack-destination', folder], one.folder)
      if (!packed.passed) return packed
      const archive = readdirSync(folder).find((file) => !before.has(file))
      if (archive === undefined) return { passed: false, output: `${one.name}: packed, but no archive appeared\n${packed.output}` }
      archives.set(one, join(folder, archive))
    }
    return await use(archives, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
