import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPage } from './check-docs-page.ts'
import { ROOT } from './workspace.ts'

/** What the README tells an embedder to do, as printed. */
export interface Readme {
  /** What `npm install` is given. */
  readonly names: readonly string[]
  /** What is typed after that, in order. */
  readonly commands: readonly (readonly string[])[]
  /** The server of an ES module project, and that of a CommonJS one. */
  readonly server: Readonly<Record<'module' | 'commonjs', string>>
  /** What both stand on, from the guides that the README names. */
  readonly connector: string
  readonly world: string
}

const SECTION = /^## In a project of your own$([^]*?)^## /m
const SHELL = /^```sh\n([^]*?)^```$/m
const COMMONJS = /^```js file=server\.js\n([^]*?)^```$/m

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

function part(pattern: RegExp, text: string, what: string): string {
  const found = pattern.exec(text)?.[1]
  if (found === undefined) throw new Error(`README.md has no ${what}`)
  return found
}

function file(path: string, name: string): string {
  const found = readPage(path, read(path)).files.find((one) => one.name === name)
  if (found === undefined) throw new Error(`${path} has no ${name}`)
  return found.text
}

/** @throws Error that says what is missing, so that a section that was renamed does not pass by running nothing. */
export function readReadme(): Readme {
  const section = part(SECTION, read('README.md'), 'section about a project of one’s own')
  const lines = part(SHELL, section, 'commands in that section').trim().split('\n').map((line) => line.split(' '))
  const [[npm, verb, ...names] = [], ...commands] = lines
  if (npm !== 'npm' || verb !== 'install' || names.length === 0) throw new Error('README.md: the first command in that section installs the packages')
  return {
    names,
    commands,
    server: { module: file('README.md', 'server.ts'), commonjs: part(COMMONJS, section, 'block with require() in that section') },
    connector: file('docs/guides/write-a-connector.md', 'halo.ts'),
    world: file('docs/guides/embed.md', 'world.ts'),
  }
}
