import { hkdfSync, sign, verify } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ed25519FromSeed, keysFrom, type KeyPurpose } from '../../src/secrets/keys.ts'

const purposes: KeyPurpose[] = ['token', 'checkpoint', 'pepper', 'seal', 'argument-digest']
const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const fault = (code: string) => expect.objectContaining({ name: 'Fault', code })

test('a derivation is HKDF-SHA-256 of the deployment key and depends on nothing else', () => {
  fc.assert(fc.property(key, fc.constantFrom(...purposes), fc.integer({ min: 16, max: 64 }), (bytes, purpose, length) => {
    const expected = Buffer.from(hkdfSync('sha256', bytes, '', `portcullis-key-1 ${purpose} ${length}`, length))
    expect(keysFrom(bytes).derive(purpose, length)).toEqual(expected)
  }))
})

test('derivations share no prefix: not between purposes, lengths or deployment keys', () => {
  fc.assert(fc.property(key, key, (one, other) => {
    fc.pre(Buffer.compare(one, other) !== 0)
    const heads = [one, other].flatMap((bytes) => purposes.flatMap((purpose) => [16, 32, 64].map((length) => keysFrom(bytes).derive(purpose, length).toString('hex', 0, 16))))
    expect(new Set(heads).size).toBe(heads.length)
  }), { numRuns: 20 })
})

test('the deployment key is copied in and never shown', () => {
  const bytes = new Uint8Array(32).fill(7)
  const keys = keysFrom(bytes)
  const before = keys.derive('seal', 32)
  bytes.fill(0)
  expect(keys.derive('seal', 32)).toEqual(before)
  expect(JSON.stringify(keys) + inspect(keys, { depth: 9, showHidden: true })).not.toMatch(/07 07|7,7|BwcH/)
  expect(Object.isFrozen(keys)).toBe(true)
})

test('wrong sizes and unknown purposes are faults', () => {
  for (const size of [0, 16, 31, 33, 64]) expect(() => keysFrom(new Uint8Array(size))).toThrow(fault('key_invalid'))
  expect(() => keysFrom('x'.repeat(32) as never)).toThrow(fault('key_invalid'))
  const keys = keysFrom(new Uint8Array(32).fill(1))
  for (const length of [0, 15, 65, 16.5, Number.NaN]) expect(() => keys.derive('seal', length)).toThrow(fault('key_invalid'))
  expect(() => keys.derive('__proto__' as KeyPurpose, 32)).toThrow(fault('key_purpose_unknown'))
  expect(() => ed25519FromSeed(Buffer.alloc(31))).toThrow(fault('key_invalid'))
})

test('an Ed25519 pair follows RFC 8032 §7.1, test 2', () => {
  const pair = ed25519FromSeed(Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex'))
  expect(pair.publicRaw.toString('hex')).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
  const signature = sign(null, Buffer.from('72', 'hex'), pair.privateKey)
  expect(signature.toString('hex')).toBe('92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00')
  expect(verify(null, Buffer.from('72', 'hex'), pair.publicKey, signature)).toBe(true)
})
