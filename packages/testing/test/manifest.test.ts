import { describe, expect, test } from 'vitest'
import { CODES } from '../../core/src/chain/codes.ts'
import { MANIFEST, type Standing } from '../src/manifest.ts'
import { judge, type Citation } from '../../../test-support/judge.ts'

const cite = (passed: boolean, ...ids: readonly string[]): Citation => ({ ids, title: ids.join(), file: 'a.test.ts', passed })

describe('the manifest', () => {
  test('holds every area of the requirements without a gap in the numbers', () => {
    const last = { CH: 18, IS: 8, RO: 8, ID: 9, SE: 8, CO: 9, AP: 6, SG: 1, ME: 3, NO: 1, VW: 1, AU: 6, PR: 8, EM: 4 }
    const expected = Object.entries(last).flatMap(([area, count]) => Array.from({ length: count }, (_, n) => `${area}-${String(n + 1).padStart(2, '0')}`))
    expect([...MANIFEST.keys()].filter((id) => /^[A-Z]/.test(id)).toSorted()).toEqual(expected.toSorted())
  })

  test('holds every denial code of the catalogue and no other', () => {
    expect([...MANIFEST.keys()].filter((id) => /^[a-z]/.test(id)).toSorted()).toEqual(Object.keys(CODES).toSorted())
  })

  test('says of each partial requirement what is missing and what will bring it', () => {
    const partial = [...MANIFEST.values()].filter((standing) => standing.status === 'partial')
    expect(partial.length).toBeGreaterThan(0)
    for (const { missing, brings } of partial) expect([missing.length > 5, brings.length > 5]).toEqual([true, true])
  })
})

describe('judge', () => {
  const manifest = new Map<string, Standing>([
    ['CH-01', { status: 'proven' }],
    ['CH-02', { status: 'partial', missing: 'some words', brings: 'some work' }],
    ['CH-03', { status: 'later' }],
  ])

  test('a promised requirement wants a test that passed, not one that only ran', () => {
    expect(judge(manifest, []).unproven).toEqual(['CH-01', 'CH-02'])
    expect(judge(manifest, [cite(false, 'CH-01'), cite(true, 'CH-02')]).unproven).toEqual(['CH-01'])
    expect(judge(manifest, [cite(false, 'CH-01'), cite(true, 'CH-01', 'CH-02')]).unproven).toEqual([])
  })

  test('an id that is not in the manifest is reported once, whatever became of its test', () => {
    expect(judge(manifest, [cite(false, 'CH-99'), cite(true, 'CH-99', 'CH-98')]).unknown).toEqual(['CH-98', 'CH-99'])
  })

  test('a requirement that was put off but has a passing test is pointed out', () => {
    expect(judge(manifest, [cite(true, 'CH-03')]).early).toEqual(['CH-03'])
    expect(judge(manifest, [cite(false, 'CH-03')]).early).toEqual([])
  })

  test('the proof of an id lists its tests with their results', () => {
    const { proofs } = judge(manifest, [cite(true, 'CH-01'), cite(false, 'CH-01', 'CH-03')])
    expect(proofs.map(({ id, tests }) => [id, tests.map(({ passed }) => passed)])).toEqual([['CH-01', [true, false]], ['CH-02', []], ['CH-03', [false]]])
  })
})
