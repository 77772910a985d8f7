import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Fault } from '../../src/fault.ts'
import { isSoundEd25519Key } from '../../src/secrets/ed25519-point.ts'
import { createVerifier, type StaticIssuer } from '../../src/identity/verifier.ts'
import { acme, craft, freshVerifier, now, own, pairs, publicJwk, url, verdict } from './tokens.ts'

const P = 2n ** 255n - 19n
const mod = (a: bigint) => ((a % P) + P) % P
const power = (base: bigint, exponent: bigint): bigint => {
  let result = 1n
  for (let b = mod(base), e = exponent; e > 0n; b = mod(b * b), e >>= 1n) if (e & 1n) result = mod(result * b)
  return result
}
const inverse = (a: bigint) => power(a, P - 2n)
const D = mod(-121665n * inverse(121666n))

/** x² of the curve point with this y (RFC 8032 §5.1.3), and whether it is a square. */
function recover(y: bigint): bigint | undefined {
  const square = mod((y * y - 1n) * inverse(mod(D * y * y + 1n)))
  const root = power(square, (P + 3n) / 8n)
  for (const x of [root, mod(root * power(2n, (P - 1n) / 4n))]) if (mod(x * x) === square) return x
  return undefined
}
function double([x, y]: readonly [bigint, bigint]): readonly [bigint, bigint] {
  const k = mod(D * x * x * y * y)
  return [mod(2n * x * y * inverse(mod(1n + k))), mod((y * y + x * x) * inverse(mod(1n - k)))]
}
const orderDividesEight = (y: bigint): boolean => {
  const x = recover(mod(y))
  if (x === undefined) return false
  const [ex, ey] = double(double(double([x, mod(y)])))
  return ex === 0n && ey === 1n
}
const encoded = (y: bigint, sign: 0 | 1): Buffer => Buffer.from((y | (BigInt(sign) << 255n)).toString(16).padStart(64, '0'), 'hex').reverse()

const eighth = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n
const smallOrder = [0n, 1n, P - 1n, eighth, P - eighth]
const unreduced = Array.from({ length: 19 }, (_, n) => P + BigInt(n))
const okp = (raw: Buffer): JsonWebKey => ({ kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url'), kid: 'k' }) as JsonWebKey
const with_ = (...keys: JsonWebKey[]): StaticIssuer => ({ ...acme, jwks: { keys } })
const fault = (issuers: readonly StaticIssuer[]): Fault => {
  try {
    freshVerifier(issuers)
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('it was registered')
}

describe('Ed25519 points', () => {
  test('the list of small points is complete: 8 P = O for each of its 8 points, and the group has no more', () => {
    for (const y of smallOrder) expect(orderDividesEight(y)).toBe(true)
    // Every y stands for two points, x and -x, but where x = 0. The cofactor is 8, so there are no more.
    const points = smallOrder.reduce((count, y) => count + (recover(y) === 0n ? 1 : 2), 0)
    expect(points).toBe(8)
    expect(orderDividesEight(4n * inverse(5n))).toBe(false) // the base point
  })

  test('small-order and unreduced encodings are refused where an issuer is registered', () => {
    for (const y of [...smallOrder, ...unreduced]) {
      for (const sign of [0, 1] as const) {
        const raw = encoded(y, sign)
        expect(isSoundEd25519Key(raw)).toBe(false)
        expect(fault([with_(okp(raw))])).toMatchObject({ code: 'issuer_invalid' })
      }
    }
  })

  test('real keys pass, other lengths do not', () => {
    for (let n = 0; n < 50; n++) {
      const raw = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
      expect(isSoundEd25519Key(raw)).toBe(true)
      expect(isSoundEd25519Key(raw.subarray(1))).toBe(false)
    }
    expect(isSoundEd25519Key(encoded(P - 3n, 0))).toBe(true)
  })
})

describe('registration of an issuer', () => {
  const rsa = (modulusLength: number, publicExponent = 65_537) => publicJwk(generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey, { kid: 'k' })
  const refused: [string, JsonWebKey][] = [
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'k' }],
    ['a private Ed25519 key', { ...pairs.ed.privateKey.export({ format: 'jwk' }), kid: 'k' } as JsonWebKey],
    ['a private RSA key', { ...pairs.rsa.privateKey.export({ format: 'jwk' }), kid: 'k' } as JsonWebKey],
    ['RSA of 1024 bits', rsa(1_024)], ['RSA with exponent 3', rsa(2_048, 3)],
    ['P-384', publicJwk(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey, { kid: 'k' })],
    ['secp256k1', publicJwk(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, { kid: 'k' })],
    ['Ed448', publicJwk(generateKeyPairSync('ed448').publicKey, { kid: 'k' })], ['X25519', publicJwk(generateKeyPairSync('x25519').publicKey, { kid: 'k' })],
    ['no key id', publicJwk(pairs.ed.publicKey, {})], ['an empty key id', publicJwk(pairs.ed.publicKey, { kid: '' })], ['a key id that is no text', publicJwk(pairs.ed.publicKey, { kid: 1 })],
    ['an encryption key', publicJwk(pairs.rsa.publicKey, { kid: 'k', use: 'enc' })], ['other operations', publicJwk(pairs.rsa.publicKey, { kid: 'k', key_ops: ['wrapKey'] })],
    ['another algorithm', publicJwk(pairs.rsa.publicKey, { kid: 'k', alg: 'RS512' })], ['the algorithm of another key', publicJwk(pairs.rsa.publicKey, { kid: 'k', alg: 'ES256' })], ['HMAC', publicJwk(pairs.ed.publicKey, { kid: 'k', alg: 'HS256' })],
    ['a point off the curve', publicJwk(pairs.ec.publicKey, { kid: 'k', x: 'A'.repeat(43) })], ['nothing', {} as JsonWebKey], ['a short key', { kty: 'OKP', crv: 'Ed25519', x: 'AAAA', kid: 'k' } as JsonWebKey],
  ]

  test.each(refused)('%s is refused', (_, jwk) => {
    const error = fault([with_(jwk)])
    expect(error.code).toBe('issuer_invalid')
    expect(error.message).toContain(acme.issuer)
    const all = `${error.message}${error.stack}${JSON.stringify(error.cause)}`
    for (const part of ['d', 'k', 'p', 'n', 'x'] as const) if ((jwk[part]?.length ?? 0) > 8) expect(all).not.toContain(jwk[part])
  })

  test('a key that names its algorithm is held to it', async () => {
    const verifier = freshVerifier([with_(publicJwk(pairs.rsa.publicKey, { kid: 'r', alg: 'PS256' }), publicJwk(pairs.ed.publicKey, { kid: 'e', alg: 'EdDSA', use: 'sig', key_ops: ['verify'] }))])
    const { CompactSign } = await import('jose')
    const payload = Buffer.from(JSON.stringify({ iss: acme.issuer, aud: url, sub: 'u', jti: 'j', iat: now / 1000, exp: now / 1000 + 60 }))
    const token = (alg: string, kid: string, key: typeof pairs.rsa.privateKey) => new CompactSign(payload).setProtectedHeader({ alg, kid, typ: 'at+jwt' }).sign(key)
    expect(await verdict(await token('PS256', 'r', pairs.rsa.privateKey), now, verifier)).toBe('ok')
    expect(await verdict(await token('RS256', 'r', pairs.rsa.privateKey), now, verifier)).toBe('token_invalid')
    expect(await verdict(await token('Ed25519', 'e', pairs.ed.privateKey), now, verifier)).toBe('ok')
  })

  test.each([
    ['twice', [acme, acme]], ['under the deployment’s own name', [{ ...acme, issuer: url }]], ['without a tenant', [{ ...acme, tenant: '' }]], ['without a name', [{ ...acme, issuer: '' }]],
    ['with an empty audience', [{ ...acme, audience: '' }]], ['without keys', [{ ...acme, jwks: { keys: [] } }]], ['with no key set', [{ ...acme, jwks: undefined as never }]],
    ['AUT-03: with two keys of one id', [with_(publicJwk(pairs.ed.publicKey, { kid: 'k' }), publicJwk(pairs.ec.publicKey, { kid: 'k' }))]],
  ] as [string, StaticIssuer[]][])('an issuer %s is refused', (_, issuers) => expect(fault(issuers).code).toBe('issuer_invalid'))

  test('own keys are public Ed25519 keys', () => {
    const make = (publicKey: unknown) => () => createVerifier({ url, ownKeys: { current: { kid: 'k', publicKey: publicKey as never } }, issuers: [] })
    for (const key of [pairs.ed.privateKey, pairs.ec.publicKey, pairs.rsa.publicKey]) expect(make(key)).toThrow(expect.objectContaining({ code: 'key_invalid' }))
    expect(make(createPublicKey(own.privateKey))).not.toThrow()
    expect(() => createVerifier({ url: '', ownKeys: { current: own }, issuers: [] })).toThrow(expect.objectContaining({ code: 'issuer_invalid' }))
  })

  test('what is changed in the configuration afterwards changes nothing', async () => {
    const issuer = { ...acme, jwks: { keys: [publicJwk(pairs.ed.publicKey, { kid: 'ed' })] } }
    const verifier = freshVerifier([issuer])
    issuer.tenant = 'globex'
    issuer.jwks.keys.length = 0
    const { sign } = await import('node:crypto')
    const token = craft({ alg: 'Ed25519', typ: 'at+jwt', kid: 'ed' }, { iss: acme.issuer, aud: url, sub: 'u', jti: 'j', iat: now / 1000, exp: now / 1000 + 60 }, (data) => sign(null, data, pairs.ed.privateKey))
    expect(await verifier.verify(token, now)).toMatchObject({ ok: true, claims: { tenant: 'acme' } })
  })
})
