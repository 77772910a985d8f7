import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readPage } from '../check-docs-page.ts'
import { DocsStage } from '../check-docs-stage.ts'
import { ROOT } from '../workspace.ts'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const documents = (folder: string): string[] => readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.md')).map((name) => join(folder, name))

const pages = ['README.md', ...documents('docs/guides')].map((path) => readPage(path, read(path)))
const stage = new DocsStage(pages)
afterAll(() => stage.close())

test('the TypeScript of README and guides type-checks', async () => {
  const { passed, output } = await stage.typeCheck()
  expect(output).toBe('')
  expect(passed).toBe(true)
})

for (const page of pages.filter(({ files }) => files.length > 0)) {
  test(`the TypeScript of ${page.path} runs to its end`, async () => {
    const { passed, output } = await stage.run(page)
    expect(passed, output).toBe(true)
  })
}

const LINK = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g
const NAMED = /`((?:packages|examples|docs|scripts|bench|test-support|etc)\/[\w./-]+)`/g

test.each([...documents('.'), ...documents('docs'), ...documents('docs/guides')])('what %s points to is there', (path) => {
  const text = read(path).replaceAll(/^```[^]*?^```$/gm, '')
  const targets = [...text.matchAll(LINK)].map(([, target = '']) => target)
  const links = targets.filter((target) => !target.startsWith('https:')).map((target) => join(dirname(path), target))
  const named = [...text.matchAll(NAMED)].map(([, target = '']) => target)
  expect([...links, ...named].filter((target) => !existsSync(join(ROOT, target)))).toEqual([])
})

test('ARCHITECTURE.md has a line for every package and every domain of core', () => {
  const folders = ['packages', 'packages/core/src'].flatMap((folder) => readdirSync(join(ROOT, folder), { withFileTypes: true }))
  const text = read('ARCHITECTURE.md')
  expect(folders.filter((entry) => entry.isDirectory()).map(({ name }) => name).filter((name) => !new RegExp(`^ +${name}/`, 'm').test(text))).toEqual([])
})

test('a block without a name, without a reason, or without an end is an error that says where', () => {
  const block = (info: string, end = '```\n'): string => `Words.\n\`\`\`ts${info}\nconst a = 1\n${end}`
  expect(() => readPage('a.md', block(''))).toThrow('a.md:2')
  expect(() => readPage('a.md', block(' file=a.ts no-run'))).toThrow('a.md:2')
  expect(() => readPage('a.md', block(' file=a.ts', ''))).toThrow('not closed')
  expect(readPage('a.md', block(' file=a.ts') + block(' file=a.ts')).files).toEqual([{ name: 'a.ts', text: 'const a = 1\nconst a = 1\n' }])
  expect(readPage('a.md', block(' file=a.ts no-run="needs a vendor"')).files).toEqual([{ name: 'a.ts', text: 'const a = 1\n', notRun: 'needs a vendor' }])
})

test('a file that its page does not reach has not run', async () => {
  const path = 'a.md'
  const idle = readPage(path, '```ts file=run.ts\nexport {}\n```\n```ts file=idle.ts\nexport {}\n```\n')
  const own = new DocsStage([idle])
  try {
    expect(await own.run(idle)).toEqual({ passed: false, output: expect.stringContaining('a.md: idle.ts was not run') })
  } finally {
    own.close()
  }
})
