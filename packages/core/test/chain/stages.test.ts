import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { CODES } from '../../src/chain/codes.ts'
import { STAGES } from '../../src/chain/stages.ts'
import { deny } from '../../src/chain/verdict.ts'
import { tell } from '../../src/outcome.ts'

const source = (path: string): string => readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8')
const files = readdirSync(new URL('../../src/chain/', import.meta.url)).filter((name) => /^\d\d-/.test(name))

describe('the chain as data', () => {
  verifies('CH-14', 'thirteen gates behind the ingress, numbered without a gap', () => {
    expect(STAGES.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    expect(new Set(STAGES.map(({ gate }) => gate)).size).toBe(STAGES.length)
  })

  test('the files of the chain bear the numbers and names of the gates', () => {
    const named = new Set(files.map((name) => name.slice(0, -3)))
    named.delete('08-arguments')
    expect([...named]).toEqual(STAGES.slice(1).map(({ number, gate }) => `${String(number).padStart(2, '0')}-${gate}`))
  })

  test('enforce decides in the order of the gates', () => {
    const text = source('enforce.ts')
    const body = (name: string): string => new RegExp(`function ${name}\\b[\\s\\S]*?\\n}\\n`).exec(text)![0]
    const expanded = body('throughTheGates').replace('await enter(', () => body('enter')).replace('permit(run', () => body('permit'))
    const order = [...expanded.matchAll(/\bdecide([A-Z]\w+)\(/g)].map(([, name]) => name!.toLowerCase())
    const gates = order.map((name) => (name === 'arguments' || name === 'ownership' ? 'policy' : name)).filter((name, index, all) => name !== all[index - 1])
    // Gate 13 makes its verdict before gate 12 writes it; only the release comes after.
    expect(gates).toEqual([...STAGES.slice(1, 12).map(({ gate }) => gate), 'respond', 'audit'])
  })

  test('no gate looks at a later one, and none knows of time, chance or input and output', () => {
    for (const name of files) {
      const own = Number(name.slice(0, 2))
      const text = source(`chain/${name}`)
      for (const [, later] of text.matchAll(/from '\.\/(\d\d)-/g)) expect(Number(later), name).toBeLessThanOrEqual(own)
      expect(text, name).not.toMatch(/\bawait\b|\basync\b|Date\.now|Math\.random|process\.|setTimeout/)
    }
  })

  verifies('CH-14', 'every code of every gate is in the catalogue once, under that gate, with a sentence and a remedy', () => {
    const listed = STAGES.flatMap(({ gate, deny: denies, hold }) => [...denies, ...hold].map((code) => [code, gate] as const))
    expect(new Set(listed.map(([code]) => code)).size).toBe(listed.length)
    expect(Object.keys(CODES).toSorted()).toEqual(listed.map(([code]) => code).toSorted())
    for (const [code, gate] of listed) {
      expect(CODES[code].gate, code).toBe(gate)
      expect(CODES[code].message, code).toMatch(/^[A-Z].*\.$/)
      expect(CODES[code].remedy, code).toMatch(/^[A-Z].*\.$/)
      expect(CODES[code].retryable && CODES[code].effect !== 'none', code).toBe(false)
    }
  })

  verifies('CH-14', 'nothing is called retryable once it may have taken effect', () => {
    for (const effect of ['none', 'done', 'unknown'] as const) {
      expect(tell(deny('audit', 'audit_unavailable', { effect }), 'dec').retryable).toBe(effect === 'none')
    }
  })
})
