import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashSecret, mintShownSecret, parseShownSecret, pepperOf, secretMatches } from '../../src/identity/shown-secret.ts'
import { keysFrom } from '../../src/secrets/keys.ts'

const pepper = pepperOf(keysFrom(new Uint8Array(32).fill(1)))
const older = pepperOf(keysFrom(new Uint8Array(32).fill(2)))
const environment = fc.stringMatching(/^[a-z][a-z0-9]{0,11}$/)

describe('form', () => {
  test('what is minted can be read, and never comes twice', () => {
    const seen = new Set<string>()
    fc.assert(fc.property(environment, (name) => {
      const { secret, keyId, environment: said } = mintShownSecret(name)
      expect(secret).toMatch(/^pcs_[a-z0-9]+_[0-9A-Za-z]{10}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/)
      expect(parseShownSecret(secret)).toEqual({ environment: name, keyId })
      expect(said).toBe(name)
      seen.add(keyId).add(secret.split('_')[3] ?? '')
    }), { numRuns: 200 })
    expect(seen.size).toBe(400)
  })

  test('all 62 characters occur about equally often in every secret part', () => {
    const counts = new Map<string, number>()
    for (let n = 0; n < 1_000; n++) for (const char of mintShownSecret('live').secret.split('_')[3] ?? '') counts.set(char, (counts.get(char) ?? 0) + 1)
    expect(counts.size).toBe(62)
    for (const count of counts.values()) expect(Math.abs(count - 43_000 / 62)).toBeLessThan(200) // more than 7 standard deviations
  })

  test('the checksum is CRC-32 in base62, most significant digit first', () => {
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
    for (let n = 0; n < 50; n++) {
      const { secret } = mintShownSecret('test')
      const value = secret.slice(-6).split('').reduce((sum, char) => sum * 62 + digits.indexOf(char), 0)
      expect(value).toBe(crc32(secret.slice(0, -7)))
    }
  })

  test('AUT-18: one changed character ends here, before anything is looked up', () => {
    fc.assert(fc.property(fc.nat(), fc.constantFrom(...'0Az_ -\n'), (at, char) => {
      const { secret } = mintShownSecret('live')
      const place = at % secret.length
      fc.pre(secret[place] !== char)
      expect(parseShownSecret(secret.slice(0, place) + char + secret.slice(place + 1))).toBeUndefined()
    }))
    const { secret } = mintShownSecret('live')
    for (const text of [undefined, null, 1, {}, [secret], '', ` ${secret}`, `${secret}\n`, secret.slice(1), secret.toLowerCase(), secret.replace('pcs', 'pct'), 'x'.repeat(1_000_000)]) expect(parseShownSecret(text)).toBeUndefined()
  })

  test.each(['', 'Live', '1a', 'a_b', 'a-b', 'abcdefghijklm', 'é', 'a\n'])('environment %j is a fault', (name) => {
    expect(() => mintShownSecret(name)).toThrow(expect.objectContaining({ name: 'Fault', code: 'environment_invalid' }))
  })
})

describe('hash', () => {
  test('only the same secret matches, under the pepper that its hash names', () => {
    fc.assert(fc.property(environment, environment, (one, other) => {
      const [a, b] = [mintShownSecret(one).secret, mintShownSecret(other).secret]
      const stored = hashSecret(pepper, a)
      expect(stored).toMatch(/^h1:[0-9a-f]{8}:[0-9a-f]{64}$/)
      expect(stored).not.toContain(a)
      expect(secretMatches([pepper], stored, a)).toBe(true)
      expect(secretMatches([pepper], stored, b)).toBe(false)
      expect(secretMatches([older, pepper], stored, a)).toBe(true)
      expect(secretMatches([older], stored, a)).toBe(false)
      expect(secretMatches([{ id: pepper.id, key: older.key }], stored, a)).toBe(false)
    }), { numRuns: 50 })
  })

  test('an absent or damaged hash matches nothing', () => {
    const { secret } = mintShownSecret('live')
    const stored = hashSecret(pepper, secret)
    const damaged = [undefined, '', 'h1', `h1:${pepper.id}:`, stored.slice(0, -1), `${stored}0`, stored.toUpperCase(), stored.replace('h1', 'h2'), stored.replace(pepper.id, older.id), `h1:${pepper.id}:${'0'.repeat(64)}`, `${stored}\n`, stored.replace(pepper.id, 'deadbeef')]
    for (const text of damaged) expect(secretMatches([pepper, older], text, secret)).toBe(false)
  })

  test('a pepper follows from the deployment key, and its id does not show it', () => {
    expect(pepperOf(keysFrom(new Uint8Array(32).fill(1)))).toEqual(pepper)
    expect(older.id).not.toBe(pepper.id)
    expect(pepper.key.toString('hex')).not.toContain(pepper.id)
  })
})
