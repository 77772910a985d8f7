import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LedgerView } from '@portcullis/core/ports'
import { sealRecord } from '../../src/ledger/seal.ts'

test('a sealed record is the given text, closed by what was decided, its place and its time; each record has its own time', () => {
  const written: { at: number; text: string }[] = []
  const view = {
    size: () => written.length,
    append: (at: number, bytes: Uint8Array) => written.push({ at, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }) - 1,
  } as unknown as LedgerView
  fc.assert(fc.property(
    fc.string({ unit: 'binary' }), fc.constantFrom(0, 1, 1_764_547_199_999, 1_764_547_200_000), fc.option(fc.string(), { nil: undefined }), fc.option(fc.string(), { nil: undefined }),
    (value, at, code, approval) => {
      const body = `{"value":${JSON.stringify(value)}`
      const seq = sealRecord(view, at, body, { step: 'note', ...(code === undefined ? {} : { code }), ...(approval === undefined ? {} : { approval }) })
      const record = written[seq]!
      expect(record.at).toBe(at)
      expect(record.text.startsWith(`${body},"step":"note"`)).toBe(true)
      const decided = code === undefined && approval === undefined ? {} : { code: code ?? null, approval: approval ?? null }
      expect(JSON.parse(record.text)).toEqual({ value, step: 'note', ...decided, seq, at: new Date(at).toISOString() })
      expect(record.text).not.toMatch(/\n/)
    },
  ))
})

test('a time that is none breaks the item', () => {
  expect(() => sealRecord({ size: () => 0 } as LedgerView, Number.NaN, '{', { step: 'note' })).toThrow(RangeError)
})
