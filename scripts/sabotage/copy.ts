import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { command } from '../steps.ts'
import { ROOT } from '../workspace.ts'

/** A copy of the work tree that may be broken. */
export interface Copy {
  readonly folder: string
  remove(): void
}

/**
 * Copies every file that git knows or would add, and the dependencies as links. Packages of this repository resolve to the copy, or it
 * throws: a bug that nothing can see would look like one that nothing catches.
 */
export async function copyTree(): Promise<Copy> {
  const listed = await command('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'])
  if (!listed.passed) throw new Error(`git ls-files: ${listed.output}`)
  const files = listed.output.split('\0').filter((file) => file !== '' && existsSync(join(ROOT, file)))
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'portcullis-sabotage-')))
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  try {
    for (const file of files) cpSync(join(ROOT, file), join(folder, file), { verbatimSymlinks: true })
    const workspaces = new Set(files.filter((file) => file.endsWith('package.json')).map((file) => dirname(file)))
    for (const workspace of workspaces) linkDependencies(join(ROOT, workspace, 'node_modules'), join(folder, workspace, 'node_modules'))
    for (const link of ownLinks(folder, workspaces)) {
      if (!realpathSync(link).startsWith(`${folder}${sep}`)) throw new Error(`${link} leaves the copy`)
    }
    return { folder, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** Links stay as they are: those into this repository are relative and thus lead to the copy. Caches stay behind. */
function linkDependencies(from: string, to: string): void {
  if (!existsSync(from)) return
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const { name } = entry
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(join(from, name)), join(to, name))
    else if (name.startsWith('@')) linkDependencies(join(from, name), join(to, name))
    else if (!name.startsWith('.') || name === '.pnpm' || name === '.bin') symlinkSync(join(from, name), join(to, name))
  }
}

function ownLinks(folder: string, workspaces: ReadonlySet<string>): string[] {
  return [...workspaces].flatMap((workspace) => {
    const scope = join(folder, workspace, 'node_modules/@portcullis')
    return existsSync(scope) ? readdirSync(scope).map((name) => join(scope, name)) : []
  })
}
