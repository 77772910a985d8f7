import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command, type Outcome } from './steps.ts'
import type { Page, PageFile } from './check-docs-page.ts'
import { ROOT } from './workspace.ts'

/** Documents see what the embedders of these examples see. */
const DEPENDENCIES = ['examples/01-msp-gateway/node_modules', 'examples/02-guard-an-existing-server/node_modules']
const ENTRY = 'run.ts'

const ran = (name: string): string => `ran ${name} to its end`

/** Pages laid out as projects of their own, outside of the repository. */
export class DocsStage {
  readonly #folder = mkdtempSync(join(tmpdir(), 'portcullis-docs-'))
  readonly #pages: ReadonlyMap<string, Page>

  constructor(pages: readonly Page[]) {
    this.#pages = new Map(pages.map((page) => [page.path, page]))
    for (const dependencies of DEPENDENCIES) this.#link(join(ROOT, dependencies), 'node_modules')
    this.#write('package.json', JSON.stringify({ type: 'module' }))
    const compilerOptions = { typeRoots: [join(ROOT, 'node_modules/@types')] }
    this.#write('tsconfig.json', JSON.stringify({ extends: join(ROOT, 'tsconfig.base.json'), compilerOptions, include: ['*/*.ts'] }))
    for (const page of pages) {
      mkdirSync(this.#place(page))
      for (const { name, text, notRun } of this.#filesOf(page)) {
        this.#write(join(this.#place(page), name), notRun === undefined ? `${text}\nconsole.error(${JSON.stringify(ran(name))})\n` : text)
      }
    }
  }

  typeCheck(): Promise<Outcome> {
    return command('tsc', ['-p', this.#folder, '--pretty', 'false'])
  }

  /** Runs the page's `run.ts`; every file of the page that is meant to run must have run to its end. */
  async run(page: Page): Promise<Outcome & { readonly output: string }> {
    const { passed, output } = await command('node', ['--conditions=@portcullis/source', '--no-warnings', ENTRY], this.#place(page))
    const missed = page.files.filter(({ name, notRun }) => notRun === undefined && !output.includes(ran(name)))
    return { passed: passed && missed.length === 0, output: `${output}${missed.map(({ name }) => `${page.path}: ${name} was not run\n`).join('')}` }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Each package of a folder, and each of a scope in it, where there is none of that name yet. */
  #link(from: string, to: string): void {
    mkdirSync(join(this.#folder, to), { recursive: true })
    for (const name of readdirSync(from)) {
      const target = join(this.#folder, to, name)
      if (name.startsWith('@')) this.#link(join(from, name), join(to, name))
      else if (!existsSync(target)) symlinkSync(join(from, name), target, 'junction')
    }
  }

  #place({ path }: Page): string {
    return join(this.#folder, path.replaceAll(/[^a-z-]/gi, '-'))
  }

  #filesOf(page: Page): Iterable<PageFile> {
    const files = new Map<string, PageFile>()
    for (const path of page.with) {
      const other = this.#pages.get(path)
      if (other === undefined) throw new Error(`${page.path}: there is no page ${path}`)
      for (const file of this.#filesOf(other)) files.set(file.name, file)
    }
    for (const file of page.files) files.set(file.name, file)
    return files.values()
  }

  #write(path: string, text: string): void {
    writeFileSync(path.startsWith(this.#folder) ? path : join(this.#folder, path), text)
  }
}
