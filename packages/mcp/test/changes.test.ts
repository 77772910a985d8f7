import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { Listeners } from '../src/changes.ts'

verifies('CH-18', 'streams are capped by principal, by tenant and in all: no tenant takes those of another', () => {
  const listeners = new Listeners({ principal: 2, tenant: 3, all: 5 })
  const add = (tenant: string, principal: string) => listeners.add({ tenant, principal, tell: () => undefined })
  const ends = [add('a', 'p'), add('a', 'p')]
  expect(add('a', 'p')).toBeUndefined()
  ends.push(add('a', 'q'))
  expect(add('a', 'r')).toBeUndefined()
  ends.push(add('b', 'p'), add('b', 'q'))
  expect(add('c', 'p')).toBeUndefined()
  expect(ends.every((end) => end !== undefined)).toBe(true)
  ends[0]?.()
  ends[0]?.() // once is enough
  expect(add('a', 'r')).toBeDefined()
  expect(add('c', 'p')).toBeUndefined()
})
