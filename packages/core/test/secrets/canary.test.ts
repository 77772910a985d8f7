import fc from 'fast-check'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { echoes } from '../../src/secrets/canary.ts'

const secret = fc.oneof(fc.string({ minLength: 8, maxLength: 60 }), fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' }), fc.base64String({ minLength: 8, maxLength: 90 }))
  .filter((text) => new Set(text).size > 4)
const around = fc.string({ maxLength: 80, unit: 'binary-ascii' })
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()
const u = (text: string) => text.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')

const encoders: Record<string, (text: string) => string> = {
  raw: (text) => text,
  json: (text) => JSON.stringify(text),
  'json in json': (text) => JSON.stringify(JSON.stringify({ text })),
  'json \\u': u,
  'json \\u in json': (text) => JSON.stringify(u(text)),
  hex: (text) => Buffer.from(text).toString('hex'),
  HEX: (text) => Buffer.from(text).toString('hex').toUpperCase(),
  url: encodeURIComponent,
  'url twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'url of a form': (text) => new URLSearchParams({ text }).toString(),
  'url, every byte': (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  'html entities': (text) => [...text].map((point) => `&#${point.codePointAt(0)};`).join(''),
  reversed: (text) => [...text].reverse().join(''),
  'utf-16le hex': (text) => Buffer.from(text, 'utf16le').toString('hex'),
  'utf-16be hex': (text) => utf16be(text).toString('hex'),
  'utf-16 as text': (text) => text.split('').join('\u0000'),
}

test.each(Object.entries(encoders))('SEC-01, SEC-02: %s is caught wherever it stands', (_, encode) => {
  fc.assert(fc.property(secret, around, around, (text, before, after) => echoes(before + encode(text) + after, ['another-secret', text])))
})

test.each([Buffer.from, (text: string) => Buffer.from(text, 'utf16le'), utf16be])('SEC-02: base64 and base64url are caught at every alignment (%#)', (bytes) => {
  fc.assert(
    fc.property(secret, fc.uint8Array({ maxLength: 7 }), fc.uint8Array({ maxLength: 7 }), fc.constantFrom('base64' as const, 'base64url' as const), (text, before, after, form) =>
      echoes(Buffer.concat([before, bytes(text), after]).toString(form), [text]),
    ),
  )
})

test('SEC-01: innocent text is let through', () => {
  fc.assert(fc.property(secret, fc.string({ maxLength: 400 }), (text, innocent) => {
    fc.pre(!innocent.includes(text))
    return !echoes(innocent, [text])
  }))
  expect(echoes(JSON.stringify({ id: 17, summary: 'Printer on fire', note: 'call back' }).repeat(2000), ['k-3f9d2c77e1aa4b08'])).toBe(false)
})

test('SEC-01: a text that nearly is the secret, at the very start and the very end of the text', () => {
  expect(echoes('s3cr3t-valu', ['s3cr3t-value'])).toBe(false)
  expect(echoes('s3cr3t-value', ['s3cr3t-value'])).toBe(true)
  expect(echoes('s3cr3t-valus3cr3t-value', ['s3cr3t-value'])).toBe(true)
  expect(echoes('', ['s3cr3t-value'])).toBe(false)
})

test('SEC-03: what is documented as not caught is indeed not caught', () => {
  const key = 'a-long-enough-secret'
  expect(echoes('short', ['short'])).toBe(false)
  expect(echoes(JSON.stringify([key.slice(0, 10), key.slice(10)]), [key])).toBe(false)
  expect(echoes(gzipSync(key).toString('base64'), [key])).toBe(false)
  expect(echoes([...key].map((character) => String.fromCharCode(character.charCodeAt(0) ^ 1)).join(''), [key])).toBe(false)
})

test('DOS-01: a secret of any length is found wherever it stands whole, for what a short one costs', () => {
  const long = Array.from({ length: 4_000_000 }, (_, index) => String.fromCharCode(33 + ((index * 7 + (index % 11)) % 90))).join('')
  const start = performance.now()
  expect(echoes('nothing of it', [long])).toBe(false)
  expect(performance.now() - start).toBeLessThan(200) // encoding all of it takes seconds
  const token = long.slice(0, 5_000)
  for (const encode of Object.values(encoders)) expect(echoes(`before ${encode(token)} after`, [token])).toBe(true)
  const emoji = `a${'😀'.repeat(600)}b` // the 1,024th unit is half a character
  for (const encode of Object.values(encoders)) expect(echoes(`before ${encode(emoji)} after`, [emoji])).toBe(true)
})

test('DOS-01: long secrets, more than are kept compiled by their size, are all found', () => {
  const secrets = Array.from({ length: 250 }, (_, index) => `${index}-${'aB3'.repeat(400)}`)
  expect(secrets.every((one) => echoes(one, [one]))).toBe(true)
  expect(secrets.every((one) => echoes(one, [one]) && !echoes(one.slice(1), [one]))).toBe(true)
})

test('more secrets than are kept compiled are still all found', () => {
  const secrets = Array.from({ length: 300 }, (_, index) => `secret-number-${index}-end`)
  expect(secrets.every((one) => echoes(`x ${one} y`, [one]))).toBe(true)
  expect(echoes(`x ${secrets[0]} y`, secrets)).toBe(true)
})

test('one secret costs a fraction of a millisecond for 100 kB', () => {
  const text = JSON.stringify(Array.from({ length: 1100 }, (_, id) => ({ id, client_id: 12, summary: `Ticket number ${id}`, note: 'nothing in particular happened today' })))
  const times = Array.from({ length: 30 }, () => {
    const start = performance.now()
    echoes(text, ['k-3f9d2c77e1aa4b08'])
    return performance.now() - start
  })
  expect(text.length).toBeGreaterThan(95_000)
  expect(Math.min(...times)).toBeLessThan(0.5)
})
