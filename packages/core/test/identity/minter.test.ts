import fc from 'fast-check'
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { verifies } from '../../../../test-support/verifies.ts'
import { jwks, mintAccessToken, tokenKey, type AccessTokenRequest } from '../../src/identity/minter.ts'
import { createVerifier } from '../../src/identity/verifier.ts'
import { keysFrom } from '../../src/secrets/keys.ts'
import { freshVerifier, now, nowS, own, url } from './tokens.ts'

const request: AccessTokenRequest = { url, signingKey: own, kind: 'human', subject: 'prn_1', tenant: 'acme', id: 'tok_1', credential: 'crd_1', epochs: [1, 2, 3] }
const word = fc.stringMatching(/^[a-z:._*-]{1,20}$/)
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

test('what is minted is what is verified, claim by claim', async () => {
  const verifier = freshVerifier()
  const claims = fc.record({
    subject: word, tenant: word, id: word, credential: word, epochs: fc.tuple(fc.nat(), fc.nat(), fc.nat()), customer: optional(word), session: optional(word), authTime: optional(fc.integer({ min: 0, max: nowS })),
    methods: fc.array(word, { maxLength: 4 }), scopes: optional(fc.array(word, { maxLength: 4 })), roles: optional(fc.array(word, { maxLength: 4 })), actor: optional(word),
  })
  await fc.assert(fc.asyncProperty(claims, fc.nat(999), async (asked, ms) => {
    const { token, issuedAt, expiresAt } = mintAccessToken({ ...request, ...asked }, now + ms)
    const expected = { ...asked, issuer: url, own: true, issuedAt, expiresAt }
    const result = await verifier.verify(token, now + ms)
    expect(result.ok && result.claims).toEqual(JSON.parse(JSON.stringify(expected)))
  }))
})

verifies('ID-04', 'nobody gets more than their kind may have, nor more than was asked', () => {
  fc.assert(fc.property(fc.constantFrom('human', 'agent', 'service'), fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }), (kind, lifetime) => {
    const { issuedAt, expiresAt } = mintAccessToken({ ...request, kind, ...(lifetime !== undefined && { lifetime }) }, now)
    expect(issuedAt).toBe(nowS)
    expect(expiresAt - issuedAt).toBe(Math.min(lifetime ?? 900, kind === 'service' ? 3_600 : 900))
  }))
})

test('ID-03: a token never outlives its credential', () => {
  fc.assert(fc.property(fc.constantFrom('human', 'service'), fc.integer({ min: 1_000, max: 5_000_000 }), fc.nat(999), (kind, left, ms) => {
    const credentialExpiresAt = now + ms + left
    const { expiresAt } = mintAccessToken({ ...request, kind, credentialExpiresAt, lifetime: 3_600 }, now + ms)
    expect(expiresAt * 1000).toBeLessThanOrEqual(credentialExpiresAt)
    expect(expiresAt).toBe(Math.min(Math.floor(credentialExpiresAt / 1000), nowS + (kind === 'service' ? 3_600 : 900)))
  }))
  for (const left of [999, 0, -1, -1_000_000]) expect(() => mintAccessToken({ ...request, credentialExpiresAt: now + left }, now)).toThrow(expect.objectContaining({ code: 'credential_expired' }))
})

test.each([
  ['a scope of two words', { scopes: ['a b'] }], ['an empty scope', { scopes: [''] }], ['two empty scopes', { scopes: ['', ''] }], ['an empty subject', { subject: '' }], ['a long tenant', { tenant: 'sesame'.repeat(50) }], ['half an epoch', { epochs: [1, 2, 0.5] }],
  ['half a second', { lifetime: 1.5 }], ['no number', { lifetime: Number.NaN }], ['a later sign-in', { authTime: nowS + 31 }], ['a line break', { actor: 'sesame\n' }], ['no epochs', { epochs: undefined }],
] as [string, Partial<AccessTokenRequest>][])('%s is not signed', (_, more) => {
  try {
    mintAccessToken({ ...request, ...more }, now)
    expect.unreachable()
  } catch (error) {
    expect(error).toMatchObject({ name: 'Fault', code: 'token_unmintable' })
    expect(String(error)).not.toContain('sesame')
  }
})

test('an independent implementation verifies it with the published key set', async () => {
  const published = jwks([own])
  expect(published.keys).toEqual([{ kty: 'OKP', crv: 'Ed25519', x: expect.stringMatching(/^[\w-]{43}$/) as string, kid: own.kid, alg: 'Ed25519', use: 'sig' }])
  const { token } = mintAccessToken({ ...request, actor: 'client-7' }, now)
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(published), { issuer: url, audience: url, typ: 'at+jwt', algorithms: ['Ed25519'], currentDate: new Date(now), requiredClaims: ['sub', 'jti', 'client_id'] })
  expect(protectedHeader).toEqual({ alg: 'Ed25519', typ: 'at+jwt', kid: own.kid })
  expect(payload).toMatchObject({ sub: 'prn_1', tid: 'acme', client_id: 'client-7', act: { sub: 'client-7' }, ep: [1, 2, 3] })
})

test('the key id is the RFC 7638 thumbprint, and a deployment key gives one signing pair', async () => {
  const [key] = jwks([own]).keys
  expect(own.kid).toBe(await calculateJwkThumbprint(key ?? {}))
  const again = tokenKey(keysFrom(new Uint8Array(32).fill(9)))
  const other = tokenKey(keysFrom(new Uint8Array(32).fill(8)))
  expect(again.kid).toBe(own.kid)
  expect(other.kid).not.toBe(own.kid)
  const { token } = mintAccessToken({ ...request, signingKey: other }, now)
  expect(await createVerifier({ url, ownKeys: { current: own }, issuers: [] }).verify(token, now)).toEqual({ ok: false, code: 'token_invalid' })
})
