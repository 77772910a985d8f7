import { expect, test } from 'vitest'
import { configPrint } from '../src/config-print.ts'

test('connections are the same if everything that they say is the same, and functions and instances are themselves', () => {
  const [check, key] = [() => undefined, Buffer.from('key')]
  const config = () => ({ host: 'a', port: 1, password: 'p', ssl: { ca: ['one', 'two'], key: Buffer.from(key), checkServerIdentity: check, rejectUnauthorized: true } })
  const print = configPrint(config())
  expect(configPrint(config())).toBe(print)
  expect(configPrint(Object.fromEntries(Object.entries(config()).toReversed()))).toBe(print)
  const { ssl } = config()
  const others = [
    { ...config(), password: 'q' }, { ...config(), port: '1' }, { ...config(), host: undefined }, { ...config(), options: '-c a=b' }, { ...config(), ssl: true }, { ...config(), ssl: null },
    { ...config(), ssl: { ...ssl, ca: ['two', 'one'] } }, { ...config(), ssl: { ...ssl, ca: ['one,two'] } }, { ...config(), ssl: { ...ssl, key: Buffer.from('other') } }, { ...config(), ssl: { ...ssl, key: 'key' } },
    { ...config(), ssl: { ...ssl, rejectUnauthorized: false } }, { ...config(), ssl: { ...ssl, checkServerIdentity: () => undefined } }, { ...config(), when: new Date(0) }, { ...config(), when: new Date(0) },
  ]
  expect(new Set([print, ...others.map(configPrint)]).size).toBe(others.length + 1)
  const bundle = 'x'.repeat(20_000)
  expect(configPrint({ ca: `${bundle}a` })).not.toBe(configPrint({ ca: `${bundle}b` }))
  const hidden = Object.defineProperty({ ca: 'c', key: 'k' }, 'key', { enumerable: false }) // as pg leaves the key that it was given
  expect(configPrint(hidden)).toBe(configPrint({ ca: 'c', key: 'k' }))
  const itself: Record<string, unknown> = {}
  itself['itself'] = itself
  expect(configPrint(itself)).toBe(configPrint(itself))
})
