import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Bug } from '../sabotage/bug.ts'
import { BUGS } from '../sabotage/bugs.ts'
import { edited } from '../sabotage/edit.ts'
import { isAssertion, judgeBug, judgeUntouched } from '../sabotage/judge.ts'
import { ROOT } from '../workspace.ts'

const edit = { file: 'a.ts', find: 'b', replace: '$& $1' }
const bug: Bug = { name: 'the-bug', danger: 'It bites.', edits: [edit], suites: [{ project: 'core', files: ['a.test.ts'] }], expect: /the guard/ }
const assertion = { name: 'AssertionError', message: 'expected 1 to be 2' }
const ran = (title: string, ...failures: { name?: string; message: string; cause?: unknown }[]) => ({ file: 'a.test.ts', title, failures })

test('a text that occurs once is replaced as it is written; any other number names the file', () => {
  expect(edited('abc', edit)).toBe('a$& $1c')
  for (const text of ['ac', 'abcb']) expect(() => edited(text, edit)).toThrow(/^a\.ts: .* must occur once/)
})

test('assertions are told from crashes and time-outs, also behind a property', () => {
  expect(isAssertion(assertion)).toBe(true)
  expect(isAssertion({ name: 'LawBroken', message: 'of 400 calls 101 were admitted' })).toBe(true)
  expect(isAssertion({ name: 'Error', message: 'Property failed after 3 tests', cause: assertion })).toBe(true)
  expect(isAssertion({ name: 'Error', message: 'Property failed after 3 tests', cause: { name: 'TypeError', message: 'x is not a function' } })).toBe(false)
  for (const name of ['Error', 'TypeError', 'Fault']) expect(isAssertion({ name, message: 'Test timed out in 5000ms.', cause: assertion })).toBe(false)
})

test('a bug is caught when it compiles and its own test fails by an assertion', () => {
  expect(judgeBug(bug, [], { tests: [ran('the guard', assertion), ran('other')], broken: [] })).toEqual({ by: ['the guard'] })
  expect(judgeBug(bug, ['a.ts(1,1): error'], { tests: [ran('the guard', assertion)], broken: [] }).problem).toMatch(/^the-bug does not compile/)
  for (const tests of [[ran('the guard')], [ran('the guard', { name: 'TypeError', message: 'no' })], [ran('another one', assertion)], []]) {
    expect(judgeBug(bug, [], { tests, broken: [] }).problem).toMatch(/^the-bug survived/)
  }
})

test('without a bug every suite is green and has the test that is waited for', () => {
  expect(judgeUntouched([bug], { tests: [ran('the guard')], broken: [] })).toEqual([])
  expect(judgeUntouched([bug], { tests: [ran('the guard', assertion)], broken: [] })).toEqual(['a.test.ts: the guard fails without any bug'])
  expect(judgeUntouched([bug], { tests: [ran('other')], broken: [] })).toEqual(['the-bug: no test is titled like /the guard/'])
  expect(judgeUntouched([bug], { tests: [], broken: ['a.test.ts cannot be run'] })).toHaveLength(3)
})

test('every bug has a name of its own, and its places are in the sources', () => {
  expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length)
  for (const place of BUGS.flatMap(({ edits }) => edits)) {
    const text = readFileSync(join(ROOT, place.file), 'utf8')
    expect(edited(text, place)).not.toBe(text)
  }
})
