import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hasSecondFactor, interactive } from '../../src/identity/second-factor.ts'

const kinds = { knowledge: ['pwd', 'pin'], possession: ['otp', 'hwk', 'swk', 'sc'], inherence: ['face', 'fpt', 'iris', 'retina', 'vbm'] }
const nothing = ['sms', 'tel', 'kba', 'pop', 'user', 'mca', 'rba', 'geo', 'wia', 'MFA', 'mfa ', 'PWD', '', 'constructor', '__proto__', 'federated']
const method = fc.constantFrom(...Object.values(kinds).flat(), ...nothing)

test('a second factor is of another kind than the first, whatever else is listed', () => {
  const seen = { yes: 0, no: 0 }
  fc.assert(fc.property(fc.array(method, { maxLength: 6 }), (methods) => {
    const shown = Object.values(kinds).filter((names) => names.some((name) => methods.includes(name))).length
    seen[shown >= 2 ? 'yes' : 'no']++
    expect(hasSecondFactor(methods)).toBe(shown >= 2)
    expect(hasSecondFactor([...methods, 'mfa'])).toBe(true)
  }), { numRuns: 500 })
  expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(50)
})

test.each([[['pwd', 'otp'], true], [['hwk', 'pin'], true], [['swk', 'fpt'], true], [['mfa'], true], [['pwd'], false], [['otp'], false], [['pwd', 'pin'], false], [['pwd', 'sms'], false], [['hwk', 'user'], false], [[], false]])('amr %j: %j', (methods, expected) => {
  expect(hasSecondFactor(methods)).toBe(expected)
})

test('AP-02: interactive is a sign-in with a second factor that nobody acts through', () => {
  const whole = { authTime: 1, methods: ['pwd', 'otp'] }
  expect(interactive(whole)).toBe(true)
  expect(interactive({ ...whole, authTime: 0 })).toBe(true)
  expect(interactive({ methods: whole.methods })).toBe(false)
  expect(interactive({ ...whole, methods: ['pwd'] })).toBe(false)
  expect(interactive({ ...whole, actor: 'client-7' })).toBe(false)
})
