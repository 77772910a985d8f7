import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seal, unseal, type SealWith } from '../../src/secrets/seal.ts'
import { openAnswer, sealAnswer } from '../../src/secrets/sealed-answer.ts'

const key = new Uint8Array(32).fill(1)
const salt = fc.stringMatching(/^[\w-]{1,64}$/)
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 })

test('a sealed text opens with its key, for its purpose, beside what it belongs to; and any other way it does not', () => {
  fc.assert(fc.property(salt, text, text, text, (drawn, what, beside, other) => {
    const right: SealWith = { key, purpose: 'portcullis-answer-1', beside }
    const sealed = seal(right, drawn, what)
    expect(unseal(right, sealed)).toBe(what)
    const wrong: readonly SealWith[] = [{ ...right, key: new Uint8Array(32).fill(2) }, { ...right, purpose: 'portcullis-round-1' }, { key, purpose: 'portcullis-answer-1' }, { ...right, beside: `${beside} ` }]
    expect(wrong.map((way) => unseal(way, sealed))).toEqual([undefined, undefined, undefined, undefined])
    expect(other === beside ? what : unseal({ ...right, beside: other }, sealed)).toBe(other === beside ? what : undefined)
    expect(unseal(right, `x${sealed}`)).toBeUndefined()
  }))
})

test('no byte of a sealed text can be changed', () => {
  const right: SealWith = { key, purpose: 'portcullis-answer-1', beside: 'this call' }
  const sealed = seal(right, 'salt', 'the answer')
  const body = Buffer.from(sealed.slice(5), 'base64url')
  for (let place = 0; place < body.length; place++) {
    const changed = Buffer.from(body)
    changed[place]! ^= 1
    expect(unseal(right, `salt.${changed.toString('base64url')}`)).toBeUndefined()
  }
  for (const length of [0, 15, 16, body.length - 1]) expect(unseal(right, `salt.${body.subarray(0, length).toString('base64url')}`)).toBeUndefined()
})

test('an answer opens for its tenant, call, key and fingerprint alone, wherever one of them ends and the next begins', () => {
  const of = { tenant: 'north', callId: 'dec_1', key: 'a', fingerprint: 'b' }
  const sealed = sealAnswer(key, 'salt', of, 'the answer')!
  expect(openAnswer(key, of, sealed)).toBe('the answer')
  for (const other of [{ tenant: 'south' }, { callId: 'dec_2' }, { key: 'c' }, { fingerprint: 'c' }, { key: 'b', fingerprint: 'a' }, { key: 'a","b', fingerprint: '' }]) expect(openAnswer(key, { ...of, ...other }, sealed)).toBeUndefined()
})

test('a sealed answer is never longer than 64 KiB, and is kept up to that', () => {
  const of = { tenant: 'north', callId: 'dec_1', key: 'a', fingerprint: 'b' }
  const most = Math.floor(((65_536 - 'salt.'.length) * 3) / 4) - 16
  expect(sealAnswer(key, 'salt', of, 'x'.repeat(most))!.length).toBeLessThanOrEqual(65_536)
  expect(openAnswer(key, of, sealAnswer(key, 'salt', of, 'x'.repeat(most))!)).toHaveLength(most)
  for (const size of [most + 1, 65_537, 1_000_000]) expect(sealAnswer(key, 'salt', of, 'x'.repeat(size))).toBeUndefined()
  expect(sealAnswer(key, 'salt', of, 'é'.repeat(most / 2 + 1))).toBeUndefined() // bytes, not characters
})
