import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AccessClaims } from '../../src/identity/claims.ts'
import { VerifiedTokens } from '../../src/identity/verified-tokens.ts'
import { freshVerifier, minted, now } from './tokens.ts'

const claims = (id: string): AccessClaims => ({ issuer: 'i', subject: 's', id, issuedAt: 0, expiresAt: 1, own: true, tenant: 't', methods: [] })

test('it behaves like a list of the most recently used, however it is used', () => {
  const step = fc.tuple(fc.constantFrom('keep', 'find', 'forget'), fc.constantFrom(...'abcdefg'))
  fc.assert(fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 40, size: 'max' }), (most, steps) => {
    const tokens = new VerifiedTokens(most)
    let model: string[] = []
    for (const [action, token] of steps) {
      const held = model.includes(token)
      if (action === 'keep' && !held) {
        tokens.keep(token, claims(token))
        model = [...model, token].slice(-most)
      } else if (action === 'find') {
        expect(tokens.find(token)?.id).toBe(held ? token : undefined)
        if (held) model = [...model.filter((other) => other !== token), token]
      } else if (action === 'forget') {
        tokens.forget(token)
        model = model.filter((other) => other !== token)
      }
      expect(tokens.size).toBe(model.length)
    }
  }))
})

test('DOS-01: what is remembered is bounded by length too, the youngest always stays', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom(...'abcdef'), fc.integer({ min: 1, max: 9 })), { maxLength: 30, size: 'max' }), (steps) => {
    const tokens = new VerifiedTokens(100, 20)
    let model: string[] = []
    for (const [letter, length] of steps) {
      const token = letter.repeat(length)
      tokens.keep(token, claims(token))
      model = [...model.filter((other) => other !== token), token]
      while (model.join('').length > 20) model.shift()
      expect(tokens.size).toBe(model.length)
    }
    for (const token of model) expect(tokens.find(token)?.id).toBe(token)
  }))
})

test('a signature is checked once: the second answer is the remembered one', async () => {
  const verifier = freshVerifier()
  const token = minted()
  const [first, second, third] = [await verifier.verify(token, now), await verifier.verify(token, now + 1), await verifier.verify(token, now + 899_999)]
  if (!first.ok || !second.ok || !third.ok) throw new Error('refused')
  expect(second.claims).toBe(first.claims)
  expect(third.claims).toBe(first.claims)
  const elsewhere = await freshVerifier().verify(token, now)
  expect(elsewhere.ok && elsewhere.claims).not.toBe(first.claims)
})
