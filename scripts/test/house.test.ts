import { expect, test } from 'vitest'
import { judgeFile } from '../house.ts'

const lines = (count: number): string => 'const a = 1\n'.repeat(count)

test('a file may have 300 lines and not one more', () => {
  expect(judgeFile('packages/core/src/enforce.ts', lines(300))).toEqual([])
  expect(judgeFile('packages/core/src/enforce.ts', lines(301))).toEqual(['packages/core/src/enforce.ts: 301 lines, 300 is the most'])
})

test('a file that is named after nothing is pointed out', () => {
  for (const name of ['util', 'utils', 'helper', 'helpers', 'types', 'common']) expect(judgeFile(`packages/core/src/${name}.ts`, '')).toHaveLength(1)
  expect(judgeFile('packages/core/src/type-of-service.ts', '')).toEqual([])
})

test('core reads no clock, chance or environment by a back door, its reference adapters may', () => {
  for (const text of ['const now = new Date()\n', 'globalThis.Date.now()\n', 'globalThis.Math.random()\n', 'globalThis.process.env\n']) {
    expect(judgeFile('packages/core/src/quotas/rate.ts', text)).toHaveLength(1)
    expect(judgeFile('packages/core/src/memory/clock.ts', text)).toEqual([])
  }
  expect(judgeFile('packages/core/src/audit/record.ts', 'new Date(at).toISOString()\n')).toEqual([])
})

test('a package names its exports one by one', () => {
  expect(judgeFile('packages/http/src/index.ts', "export { a } from './a.ts'\nexport * from './b.ts'\n")).toHaveLength(1)
  expect(judgeFile('packages/http/src/index.ts', "export { a } from './a.ts'\n")).toEqual([])
})
