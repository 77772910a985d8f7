import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** One of the packages that are published. */
export interface Package {
  /** The folder below `packages/`. */
  readonly short: string
  readonly name: string
  readonly folder: string
  /** Subpath as in `exports` → source file, relative to the package. */
  readonly entries: Readonly<Record<string, string>>
  readonly peers: Readonly<Record<string, string>>
  /** The names of its programs. */
  readonly programs: readonly string[]
}

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, { readonly '@portcullis/source': string }>>
  readonly bin?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

function load(short: string): Package {
  const folder = join(ROOT, 'packages', short)
  const { name, exports, bin = {}, peerDependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const entries = Object.fromEntries(Object.entries(exports).map(([subpath, target]) => [subpath, target['@portcullis/source']]))
  // The version that the package is developed against is the one to try it with.
  const peers = Object.fromEntries(Object.entries(peerDependencies).map(([peer, range]) => [peer, devDependencies[peer] ?? range]))
  return { short, name, folder, entries, peers, programs: Object.keys(bin) }
}

/** A package whose entries are not all written yet cannot be built; whoever leaves one out says so. */
export interface Workspace {
  readonly ready: readonly Package[]
  readonly unready: readonly Package[]
}

export function workspace(): Workspace {
  const packages = readdirSync(join(ROOT, 'packages')).toSorted().map(load)
  const isReady = ({ folder, entries }: Package): boolean => Object.values(entries).every((source) => existsSync(join(folder, source)))
  return { ready: packages.filter(isReady), unready: packages.filter((one) => !isReady(one)) }
}

/** What goes into a step's line about packages that were left out; empty if none were. */
export function leftOut({ unready }: Workspace): string {
  return unready.length === 0 ? '' : `SKIPPED, entries not written yet: ${unready.map(({ name }) => name).join(', ')}`
}
