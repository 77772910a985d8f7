import fc from 'fast-check'
import { format, inspect } from 'node:util'
import { verifies } from '@portcullis/test-support'
import { expect, test } from 'vitest'
import { reveal, Secret, secretStrings } from '../../src/secrets/secret.ts'

const text = fc.string({ minLength: 12, maxLength: 60 }).filter((value) => /[a-z0-9]{4}/i.test(value))

verifies(['SE-03', 'SE-04'], 'no way of printing, serialising or copying shows the value', () => {
  fc.assert(
    fc.property(text, fc.boolean(), (value, named) => {
      const secret = Secret.of(named ? { clientSecret: value } : value)
      const shown = [
        String(secret), `${secret}`, secret + '', JSON.stringify({ secret }), inspect(secret, { showHidden: true, depth: 9 }), format('%s %o %O %j', secret, secret, secret, secret),
        JSON.stringify({ ...secret }), JSON.stringify(structuredClone(secret)), JSON.stringify(Object.entries(Object.getOwnPropertyDescriptors(secret))), new Error(`${secret}`).stack ?? '',
      ]
      expect(shown.filter((one) => one.includes(value))).toEqual([])
      expect(Reflect.ownKeys(secret)).toEqual([])
    }),
  )
})

verifies('SE-04', 'the mask tells nothing but the end of our own shown-once secrets', () => {
  expect(String(Secret.of('pcs_live_abc123_0123456789012345678901234567890123456789012_9f3a'))).toBe('pcs_…9f3a')
  expect(String(Secret.of('pcs_short'))).toBe('••••')
  expect(String(Secret.of('hudu-api-key-0001'))).toBe('••••')
  expect(inspect({ credential: Secret.of({ a: 'b' }) })).toBe('{ credential: Secret(••••) }')
})

test('the broker reads what was put in, and a later change of the source does not reach it', () => {
  const source = { clientId: 'id', clientSecret: 'very-secret' }
  const secret = Secret.of(source)
  source.clientSecret = 'changed'
  expect(reveal(secret)).toEqual({ clientId: 'id', clientSecret: 'very-secret' })
  expect(Object.isFrozen(reveal(secret))).toBe(true)
  expect(secretStrings([secret, Secret.of('k')])).toEqual(['id', 'very-secret', 'k'])
})

test('nothing but a real secret can be revealed', () => {
  expect(() => reveal(Object.create(Secret.prototype) as Secret)).toThrow(TypeError)
  expect(() => reveal(structuredClone(Secret.of('value-of-it')))).toThrow(TypeError)
})

test.each([[''], [{}], [null], [7], [['a']], [{ a: 1 }], [{ a: { b: 'c' } }]])('SE-04: %j is no secret, and the fault does not repeat it', (value) => {
  expect(() => Secret.of(value as string)).toThrow(expect.objectContaining({ code: 'secret_invalid', message: 'A secret is a non-empty string or a flat record of strings.' }))
})
