import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { CompactSign } from 'jose'
import { describe, expect, test, vi } from 'vitest'
import { verifies } from '../../../../test-support/verifies.ts'
import { acme, acmePayload, codeOf, craft, encode, freshVerifier, globex, minted, now, nowS, own, ownHeader, ownPayload, pairs, signOwn, url, verdict, without } from './tokens.ts'

const byEd = (data: Buffer): Buffer => sign(null, data, pairs.ed.privateKey)
const acmeToken = (more: object = {}, header: object = {}) => craft({ alg: 'Ed25519', typ: 'at+jwt', kid: 'ed', ...header }, { ...acmePayload, ...more }, byEd)
const ownToken = (more: object = {}, header: object = {}) => craft({ ...ownHeader, ...header }, { ...ownPayload, ...more })

describe('what is accepted', () => {
  verifies('CH-01', 'an own token gives its claims, frozen', async () => {
    const payload = { ...ownPayload, customer: 'cus_1', sid: 'ses_1', nbf: nowS, scope: 'tool:a.b category:psa', roles: ['tenant_auditor'], act: { sub: 'client-7' } }
    const result = await freshVerifier().verify(craft(ownHeader, payload), now)
    expect(result).toEqual({
      ok: true,
      claims: {
        issuer: url, subject: 'prn_1', id: 'tok_1', issuedAt: nowS, expiresAt: nowS + 900, notBefore: nowS, own: true, tenant: 'acme', customer: 'cus_1', session: 'ses_1', credential: 'crd_1',
        epochs: [1, 2, 3], authTime: nowS - 5, methods: ['pwd', 'otp'], scopes: ['tool:a.b', 'category:psa'], roles: ['tenant_auditor'], actor: 'client-7',
      },
    })
    if (!result.ok) return
    for (const part of [result.claims, result.claims.epochs, result.claims.methods, result.claims.scopes, result.claims.roles]) expect(Object.isFrozen(part)).toBe(true)
  })

  test('a token of another issuer belongs to the tenant it is registered for; what it says of our records is not read', async () => {
    const result = await freshVerifier().verify(acmeToken({ tid: 'globex', cred: 'crd_1', ep: [9, 9, 9] }), now)
    expect(result).toEqual({
      ok: true,
      claims: { issuer: acme.issuer, subject: 'user-1', id: 'x1', issuedAt: nowS, expiresAt: nowS + 300, own: false, tenant: 'acme', tenantNamed: 'globex', methods: [] },
    })
  })

  test.each([['Ed25519', 'ed'], ['EdDSA', 'ed'], ['ES256', 'ec'], ['RS256', 'rsa'], ['PS256', 'rsa']] as const)('%s of another issuer, signed by an independent implementation', async (alg, pair) => {
    const token = await new CompactSign(Buffer.from(JSON.stringify(acmePayload))).setProtectedHeader({ alg, typ: 'at+jwt', kid: pair }).sign(pairs[pair].privateKey)
    expect(await verdict(token)).toBe('ok')
    for (const other of ['Ed25519', 'EdDSA', 'ES256', 'RS256', 'PS256'].filter((name) => name !== alg)) {
      const [, body, tail] = token.split('.')
      expect(await verdict([encode({ alg: other, typ: 'at+jwt', kid: pair }), body, tail].join('.'))).toBe('token_invalid')
    }
  })

  test('the media type compares without case, in its long form too', async () => {
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) expect(await verdict(ownToken({}, { typ }))).toBe('ok')
  })

  test('an issuer may have an audience of its own, and then only that', async () => {
    const verifier = freshVerifier([{ ...acme, audience: 'api://portcullis' }])
    expect(await verdict(acmeToken({ aud: 'api://portcullis' }), now, verifier)).toBe('ok')
    expect(await verdict(acmeToken(), now, verifier)).toBe('token_wrong_audience')
  })

  test('the key before a rotation still verifies, one that was never registered does not', async () => {
    const next = generateKeyPairSync('ed25519')
    const { createVerifier } = await import('../../src/identity/verifier.ts')
    const rotated = createVerifier({ url, ownKeys: { current: { kid: 'next', publicKey: next.publicKey }, previous: [own] }, issuers: [] })
    expect(await verdict(minted(), now, rotated)).toBe('ok')
    expect(await verdict(minted({ signingKey: { kid: 'next', privateKey: next.privateKey } }), now, rotated)).toBe('ok')
    expect(await verdict(minted({ signingKey: { kid: 'last', privateKey: next.privateKey } }), now, rotated)).toBe('token_invalid')
  })
})

describe('attacks on header and signature', () => {
  verifies('token_invalid', 'AUT-01: no algorithm, in any case, with and without a signature', async () => {
    for (const alg of ['none', 'None', 'nOnE', 'NONE', '', ' none', 'ed25519', 'ED25519', 'EdDSA', null, 0, ['Ed25519'], undefined]) {
      const header = { ...ownHeader, alg }
      expect(await verdict(craft(header, ownPayload))).toBe('token_invalid')
      expect(await verdict(`${encode(header)}.${encode(ownPayload)}.`)).toBe('token_invalid')
      expect(await verdict(`${encode(header)}.${encode(ownPayload)}.AA`)).toBe('token_invalid')
    }
  })

  test('AUT-02: a public key is never taken for a shared secret', async () => {
    for (const pair of ['ed', 'ec', 'rsa'] as const) {
      const key = pairs[pair].publicKey
      for (const secret of [key.export({ format: 'pem', type: 'spki' }), key.export({ format: 'der', type: 'spki' }), JSON.stringify(key.export({ format: 'jwk' }))]) {
        const token = craft({ alg: 'HS256', typ: 'at+jwt', kid: pair }, acmePayload, (data) => createHmac('sha256', secret).update(data).digest())
        expect(await verdict(token)).toBe('token_invalid')
      }
    }
  })

  test('AUT-03: a key id finds a key of its own issuer, or nothing', async () => {
    expect(await verdict(craft({ alg: 'Ed25519', typ: 'at+jwt', kid: 'ed' }, ownPayload, byEd))).toBe('token_invalid') // acme's key for an own token
    expect(await verdict(craft(ownHeader, acmePayload))).toBe('token_invalid') // the own key for acme's token
    expect(await verdict(craft({ alg: 'Ed25519', typ: 'at+jwt', kid: 'ed' }, { ...acmePayload, iss: globex.issuer }, byEd))).toBe('token_invalid')
    for (const kid of ['../ed', "ed' OR '1'='1", 'ed\0', 'e'.repeat(10_000), '', '__proto__', 'constructor', 'ED', ['ed'], { ed: 1 }, 0, undefined]) {
      expect(await verdict(acmeToken({}, { kid }))).toBe('token_invalid')
    }
  })

  test('AUT-04: a header that brings or names a key is refused unread, and nothing is fetched', async () => {
    let asked = 0
    const canary = createServer((_, response) => {
      asked++
      response.end('{"keys":[]}')
    })
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
    const fetched = vi.spyOn(globalThis, 'fetch')
    try {
      const there = `http://127.0.0.1:${(canary.address() as AddressInfo).port}/jwks`
      const mine = generateKeyPairSync('ed25519')
      const jwk = mine.publicKey.export({ format: 'jwk' })
      const certificate = ['MIIB']
      for (const extra of [{ jku: there }, { x5u: there }, { jwk }, { x5c: certificate }, { jku: null }, { jku: there, jwk, x5u: there }]) {
        expect(await verdict(ownToken({}, extra))).toBe('token_invalid') // even rightly signed
        expect(await verdict(craft({ ...ownHeader, ...extra }, ownPayload, (data) => sign(null, data, mine.privateKey)))).toBe('token_invalid')
        expect(await verdict(craft({ ...ownHeader, ...extra, kid: 'new' }, { ...ownPayload, iss: there }, (data) => sign(null, data, mine.privateKey)))).toBe('token_invalid')
      }
      expect(await verdict(craft(ownHeader, { ...ownPayload, iss: there }))).toBe('issuer_unknown')
      expect(fetched).not.toHaveBeenCalled()
      expect(asked).toBe(0)
    } finally {
      fetched.mockRestore()
      await new Promise((resolve) => canary.close(resolve))
    }
  })

  test('AUT-05: nothing critical and no unencoded payload', async () => {
    for (const extra of [{ crit: ['exp'] }, { crit: [] }, { crit: ['b64'], b64: false }, { b64: false }, { b64: true }, { zip: 'DEF' }, { enc: 'A256GCM' }]) {
      expect(await verdict(ownToken({}, extra))).toBe('token_invalid')
    }
    expect(await verdict(ownToken({}, { harmless: 1 }))).toBe('ok')
  })

  verifies('token_wrong_type', 'AUT-06: a token of another type is no access token, whatever else it says', async () => {
    for (const typ of ['JWT', 'jwt', 'logout+jwt', 'portcullis-approval+jwt', 'at+jwt ', 'application/at+jwt;v=1', 'xat+jwt', '', undefined]) expect(await verdict(ownToken({}, { typ }))).toBe('token_wrong_type')
    const idToken = { iss: acme.issuer, aud: 'client-1', sub: 'user-1', iat: nowS, exp: nowS + 300, nonce: 'n' }
    expect(await verdict(craft({ alg: 'Ed25519', typ: 'JWT', kid: 'ed' }, idToken, byEd))).toBe('token_wrong_type')
    expect(await verdict(craft({ alg: 'Ed25519', typ: 'JWT', kid: 'ed' }, idToken, byEd), now + 300_000)).toBe('token_expired')
    expect(await verdict(ownToken({}, { typ: 1 }))).toBe('token_invalid')
  })

  test('AUT-12: one token has one spelling', async () => {
    const token = minted()
    const [head = '', body = '', tail = ''] = token.split('.')
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const respelled = (part: string) => [...alphabet].map((last) => part.slice(0, -1) + last).filter((other) => other !== part)
    const variants = [
      `${token}=`, `${token}==`, `${token}\n`, ` ${token}`, `${token} `, `${token}.`, `.${token}`, `${head}=.${body}.${tail}`, `${head}.${body}\n.${tail}`, `${head}.${body}.${tail.slice(0, 40)}\n${tail.slice(40)}`,
      `${head}.${body}.${tail.replaceAll('-', '+').replaceAll('_', '/')}=`, `Bearer ${token}`, `${head}..${tail}`, `${head}.${body}`, ...respelled(tail).map((other) => `${head}.${body}.${other}`),
    ]
    const verifier = freshVerifier()
    for (const variant of [...variants, token, ...variants]) expect(await verdict(variant, now, verifier)).toBe(variant === token ? 'ok' : 'token_invalid')
  })

  test('AUT-12: an Ed25519 signature with S + L is another signature and does not hold', async () => {
    const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n
    const little = (bytes: Buffer) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
    const token = craft(ownHeader, ownPayload, (data) => {
      const signature = signOwn(data)
      const s = (little(signature.subarray(32)) + order).toString(16).padStart(64, '0')
      return Buffer.concat([signature.subarray(0, 32), Buffer.from(s, 'hex').reverse()])
    })
    expect(await verdict(token)).toBe('token_invalid')
  })

  test('AUT-12: ECDSA has two signatures for one token; both give the same id to revoke by', async () => {
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const header = { alg: 'ES256', typ: 'at+jwt', kid: 'ec' }
    const signed = (flip: boolean) => craft(header, acmePayload, (data) => {
      const signature = sign('sha256', data, { key: pairs.ec.privateKey, dsaEncoding: 'ieee-p1363' })
      if (!flip) return signature
      const s = order - BigInt(`0x${signature.toString('hex', 32)}`)
      return Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')])
    })
    const [one, other] = [await freshVerifier().verify(signed(false), now), await freshVerifier().verify(signed(true), now)]
    expect(one).toEqual(other)
    expect(one).toMatchObject({ ok: true, claims: { id: 'x1' } })
  })

  test('any change of any character is refused, and so is any random signature', async () => {
    const token = minted()
    await fc.assert(fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'ABab01-_.=\n '), async (at, char) => {
      fc.pre(token[at] !== char)
      expect(['token_invalid', 'issuer_unknown']).toContain(await verdict(token.slice(0, at) + char + token.slice(at + 1)))
    }))
    const headers = [['Ed25519', 'ed', 64], ['ES256', 'ec', 64], ['RS256', 'rsa', 256], ['PS256', 'rsa', 256]] as const
    await fc.assert(fc.asyncProperty(fc.constantFrom(...headers), fc.uint8Array({ maxLength: 300 }), fc.boolean(), fc.constantFrom(0, 255), async ([alg, kid, size], bytes, fits, filler) => {
      const signature = fits ? Buffer.alloc(size, filler).fill(bytes.subarray(0, size / 2), 0, Math.min(bytes.length, size / 2)) : Buffer.from(bytes)
      expect(await verdict(craft({ alg, typ: 'at+jwt', kid }, acmePayload, () => signature))).toBe('token_invalid')
    }))
  })

  test('RS256 and PS256 signatures are told apart, and SHA-1 is none', async () => {
    const rsa = pairs.rsa.privateKey
    const pss = { key: rsa, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
    const token = (alg: string, signer: (data: Buffer) => Buffer) => craft({ alg, typ: 'at+jwt', kid: 'rsa' }, acmePayload, signer)
    expect(await verdict(token('PS256', (data) => sign('sha256', data, pss)))).toBe('ok')
    expect(await verdict(token('RS256', (data) => sign('sha256', data, pss)))).toBe('token_invalid')
    expect(await verdict(token('PS256', (data) => sign('sha256', data, rsa)))).toBe('token_invalid')
    expect(await verdict(token('PS256', (data) => sign('sha256', data, { ...pss, saltLength: 0 })))).toBe('token_invalid')
    expect(await verdict(token('RS256', (data) => sign('sha1', data, rsa)))).toBe('token_invalid')
  })
})

describe('attacks on the claims', () => {
  verifies('token_wrong_audience', 'AUT-07: one exact audience', async () => {
    const wrong = [
      undefined, null, '', [url], [url, 'https://other.example'], { 0: url }, `${url}/`, `${url}/mcp`, `${url}.evil.example`, url.slice(0, -1), url.toUpperCase(), 'https://MCP.example.com', `${url}:443`, 'http://mcp.example.com',
      'https://mcp.example.com.', 'https://mcp.exаmple.com', 'mcp.example.com', ` ${url}`,
    ]
    for (const aud of wrong) {
      expect(await verdict(ownToken({ aud }))).toBe('token_wrong_audience')
      expect(await verdict(acmeToken({ aud }))).toBe('token_wrong_audience')
    }
  })

  verifies('issuer_unknown', 'AUT-08, IDP-03: an issuer is one exact text', async () => {
    for (const iss of [`${acme.issuer}/`, `${acme.issuer}.evil.example`, `${acme.issuer}/../acme`, acme.issuer.toUpperCase(), 'login.acme.example', `${acme.issuer}#`, 'https://login.аcme.example', '', '__proto__', `${url}/`]) {
      expect(await verdict(acmeToken({ iss }))).toBe('issuer_unknown')
    }
    for (const iss of [undefined, null, 1, [acme.issuer], { toString: acme.issuer }]) expect(await verdict(acmeToken({ iss }))).toBe('token_invalid')
  })

  test('AUT-08, IDP-01: the same subject of two issuers is two identities, each in its own tenant', async () => {
    const theirs = generateKeyPairSync('ed25519')
    const verifier = freshVerifier([acme, { issuer: 'https://b.example', tenant: 'globex', jwks: { keys: [{ ...theirs.publicKey.export({ format: 'jwk' }), kid: 'ed' }] } }])
    const other = craft({ alg: 'Ed25519', typ: 'at+jwt', kid: 'ed' }, { ...acmePayload, iss: 'https://b.example', email: 'a@acme.example' }, (data) => sign(null, data, theirs.privateKey))
    expect(await verifier.verify(acmeToken({ email: 'a@acme.example' }), now)).toMatchObject({ ok: true, claims: { issuer: acme.issuer, subject: 'user-1', tenant: 'acme' } })
    expect(await verifier.verify(other, now)).toMatchObject({ ok: true, claims: { issuer: 'https://b.example', subject: 'user-1', tenant: 'globex' } })
  })

  test('AUT-09: times are whole seconds and none may be missing', async () => {
    const odd = [undefined, null, '1800000900', 1_800_000_900.5, -1, 1e308, true, [nowS], {}]
    for (const name of ['exp', 'iat']) for (const value of odd) expect(await verdict(ownToken({ [name]: value }))).toBe('token_invalid')
    for (const name of ['nbf', 'auth_time']) for (const value of odd.slice(1)) expect(await verdict(ownToken({ [name]: value }))).toBe('token_invalid')
    expect(await verdict(craft(ownHeader, JSON.stringify(ownPayload).replace(`"exp":${nowS + 900}`, '"exp":1e999')))).toBe('token_invalid')
    expect(await verdict(ownToken({ iat: nowS + 20, exp: nowS + 20 }))).toBe('token_invalid') // ends before it begins
    expect(await verdict(ownToken({ iat: nowS, auth_time: nowS + 31 }))).toBe('token_invalid') // signed in after it was issued
  })

  test('AUT-09: every other required claim, and every shape', async () => {
    for (const name of ['sub', 'jti', 'tid', 'ep']) expect(await verdict(craft(ownHeader, without(ownPayload, name)))).toBe('token_invalid')
    for (const name of ['sub', 'jti']) expect(await verdict(craft({ alg: 'Ed25519', typ: 'at+jwt', kid: 'ed' }, without(acmePayload, name), byEd))).toBe('token_invalid')
    const noText = [null, 1, true, [], ['a'], {}, '', 'a'.repeat(257), 'a\nb', 'a\0']
    for (const name of ['sub', 'jti', 'tid', 'cred', 'customer', 'sid']) for (const value of noText) expect(await verdict(ownToken({ [name]: value }))).toBe('token_invalid')
    const lists = [null, 'pwd', 1, {}, [1], [null], [['pwd']], ['a'.repeat(257)], [''], Array.from({ length: 33 }, () => 'a')]
    for (const name of ['amr', 'roles']) for (const value of lists) expect(await verdict(ownToken({ [name]: value }))).toBe('token_invalid')
    for (const scope of [null, 1, [], ['a'], {}, ' ', 'a  b', ' a', 'a ', 'a"b', 'a\\b', 'é', 'a\tb', 'a'.repeat(257), Array.from({ length: 65 }, () => 'a').join(' ')]) expect(await verdict(ownToken({ scope }))).toBe('token_invalid')
    for (const ep of [null, 1, [], [1, 2], [1, 2, 3, 4], [1, 2, '3'], [1, 2, -3], [1, 2, 3.5], { length: 3 }]) expect(await verdict(ownToken({ ep }))).toBe('token_invalid')
    for (const act of [null, 'client', [], ['client'], {}, { sub: 1 }, { sub: '' }, { sub: 'a', act: { sub: 'b' } }, { sub: 'a', iss: 'b' }, { sub: { sub: 'a' } }]) expect(await verdict(ownToken({ act }))).toBe('token_invalid')
    expect(await verdict(ownToken({ sub: 'a'.repeat(256), scope: '', amr: [], roles: [], act: { sub: 'a' } }))).toBe('ok')
  })

  test('a narrowing that is empty stays empty', async () => {
    expect(await freshVerifier().verify(ownToken({ scope: '', roles: [] }), now)).toMatchObject({ ok: true, claims: { scopes: [], roles: [] } })
    const result = await freshVerifier().verify(ownToken(), now)
    expect(result.ok && ('scopes' in result.claims || 'roles' in result.claims)).toBe(false)
  })

  verifies('token_lifetime_exceeded', 'AUT-10: no token lives longer than an hour, however well signed', async () => {
    for (const token of [ownToken, acmeToken]) {
      expect(await verdict(token({ exp: nowS + 3_600 }))).toBe('ok')
      expect(await verdict(token({ exp: nowS + 3_601 }))).toBe('token_lifetime_exceeded')
      expect(await verdict(token({ iat: nowS - 864_000, exp: nowS + 1, auth_time: undefined }))).toBe('token_lifetime_exceeded')
    }
    expect(await verdict(ownToken({ exp: Number.MAX_SAFE_INTEGER }))).toBe('token_lifetime_exceeded')
  })

  test.each([['iat', -31, 'ok'], ['iat', 0, 'ok'], ['iat', 30, 'ok'], ['iat', 31, 'token_invalid'], ['nbf', -31, 'ok'], ['nbf', 30, 'ok'], ['nbf', 31, 'token_invalid']] as const)('AUT-11: %s at %i s: %s', async (name, offset, expected) => {
    expect(await verdict(ownToken({ auth_time: undefined, exp: nowS + 200, [name]: nowS + offset }))).toBe(expected)
  })

  test('AUT-11: a begin is tolerated to the millisecond', async () => {
    const token = ownToken({ iat: nowS + 30, exp: nowS + 200 })
    expect([await verdict(token, now - 1), await verdict(token, now)]).toEqual(['token_invalid', 'ok'])
    expect(await verdict(ownToken({ iat: nowS + 31, nbf: nowS, exp: nowS + 200 }))).toBe('token_invalid') // an early nbf does not excuse a late iat
  })

  test.each([[-31, 'token_expired'], [-30, 'token_expired'], [0, 'token_expired'], [1, 'ok'], [30, 'ok'], [31, 'ok']] as const)('AUT-11: an end at %i s: %s', async (offset, expected) => {
    expect(await verdict(ownToken({ iat: nowS - 60, auth_time: undefined, exp: nowS + offset }))).toBe(expected)
  })

  verifies('token_expired', 'AUT-11: expired exactly at exp, from memory too', async () => {
    const verifier = freshVerifier()
    const token = ownToken({ exp: nowS + 10 })
    const at = [0, 9_999, 10_000, 9_999, 10_001]
    const seen: string[] = []
    for (const offset of at) seen.push(await verdict(token, now + offset, verifier))
    expect(seen).toEqual(['ok', 'ok', 'token_expired', 'ok', 'token_expired'])
  })

  verifies('token_invalid', 'AUT-13: a claim or a header that is said twice', async () => {
    const twice = (name: string, value: unknown) => JSON.stringify(ownPayload).replace('{', `{"${name}":${JSON.stringify(value)},`)
    for (const name of ['tid', 'iss', 'sub', 'exp', 'ep']) expect(await verdict(craft(ownHeader, twice(name, 'B')))).toBe('token_invalid')
    expect(await verdict(craft(ownHeader, JSON.stringify(ownPayload).replace('{', '{"t\\u0069d":"B",')))).toBe('token_invalid')
    expect(await verdict(craft(ownHeader, JSON.stringify({ ...ownPayload, x: 0 }).replace('"x":0', '"x":{"a":1,"a":1}')))).toBe('token_invalid')
    expect(await verdict(craft(JSON.stringify(ownHeader).replace('{', '{"alg":"none",'), ownPayload))).toBe('token_invalid')
    expect(await verdict(craft(JSON.stringify(ownHeader).replace('{', '{"kid":"x",'), ownPayload))).toBe('token_invalid')
  })

  test('no object, no UTF-8, too deep, too long', async () => {
    for (const part of ['[]', '"a"', 'null', '1', '', '{', '\ufeff{}']) {
      expect(await verdict(craft(part, ownPayload))).toBe('token_invalid')
      expect(await verdict(craft(ownHeader, part))).toBe('token_invalid')
    }
    expect(await verdict(`${encode(ownHeader)}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.AAAA`)).toBe('token_invalid')
    expect(await verdict(craft(ownHeader, JSON.stringify({ ...ownPayload, x: 0 }).replace('"x":0', `"x":${'['.repeat(16)}${']'.repeat(16)}`)))).toBe('token_invalid')
    for (const [length, expected] of [[8_000, 'ok'], [13_000, 'token_invalid'], [16_384, 'token_invalid']] as const) expect(await verdict(ownToken({ x: 'a'.repeat(length) }))).toBe(expected)
    expect(await verdict('a'.repeat(10_000_000))).toBe('token_invalid')
  })

  test('a claim named __proto__ adds nothing', async () => {
    const text = JSON.stringify(without(ownPayload, 'tid')).replace('{', '{"__proto__":{"tid":"acme"},')
    expect(await verdict(craft(ownHeader, text))).toBe('token_invalid')
  })
})

describe('what answers first', () => {
  test('nothing is said about a token before its signature holds', async () => {
    const junk = () => Buffer.alloc(64, 1)
    for (const payload of [{ exp: nowS - 1 }, { aud: 'x' }, { exp: nowS + 9_999 }, { sub: 1 }]) expect(await verdict(craft(ownHeader, { ...ownPayload, ...payload }, junk))).toBe('token_invalid')
    expect(await verdict(craft({ ...ownHeader, typ: 'JWT' }, ownPayload, junk))).toBe('token_invalid')
  })

  test('CH-14: then the first failing code in the order of the catalogue', async () => {
    const flaws = [
      ['token_invalid', { payload: { sub: 1 } }], ['token_expired', { payload: { iat: nowS - 90_000, exp: nowS - 1 } }], ['token_wrong_type', { header: { typ: 'JWT' } }],
      ['token_wrong_audience', { payload: { aud: 'x' } }], ['token_lifetime_exceeded', { payload: { iat: nowS - 90_000 } }],
    ] as const
    for (let subset = 1; subset < 32; subset++) {
      const chosen = flaws.filter((_, at) => (subset >> at) & 1)
      const payload = Object.assign({}, ...chosen.map(([, flaw]) => ('payload' in flaw ? flaw.payload : {}))) as object
      const otherType = chosen.some(([code]) => code === 'token_wrong_type')
      const expected = chosen.find(([code]) => !(otherType && code === 'token_invalid')) // another type has other claims
      // A past end and a long life share `exp` and `iat`: both together are an old, long-lived token.
      expect(await verdict(ownToken({ auth_time: undefined, ...payload, ...(chosen.some(([code]) => code === 'token_expired') && { exp: nowS - 1 }) }, otherType ? { typ: 'JWT' } : {}))).toBe(expected?.[0])
    }
  })

  verifies(['CH-01', 'token_missing'], 'no token', async () => {
    for (const token of [undefined, '']) expect(await verdict(token)).toBe('token_missing')
    for (const token of [null, 1, {}, [minted()]]) expect(await verdict(token as never)).not.toBe('ok')
  })
})

describe('memory', () => {
  test('a live id is no password: junk signatures and other issuers with the same id are judged on their own', async () => {
    const verifier = freshVerifier()
    const token = ownToken({ jti: 'live' })
    const [head, body] = token.split('.')
    expect(await verdict(token, now, verifier)).toBe('ok')
    expect(await verdict(`${head}.${body}.${Buffer.alloc(64, 7).toString('base64url')}`, now, verifier)).toBe('token_invalid')
    expect(await verdict(craft(ownHeader, { ...ownPayload, jti: 'live', sub: 'prn_admin' }, byEd), now, verifier)).toBe('token_invalid')
    const theirs = await verifier.verify(acmeToken({ jti: 'live' }), now)
    expect(theirs).toMatchObject({ ok: true, claims: { own: false, issuer: acme.issuer, subject: 'user-1', tenant: 'acme' } })
    expect(await verifier.verify(token, now)).toMatchObject({ ok: true, claims: { own: true, subject: 'prn_1' } })
  })

  test('a remembered token answers like a new one, at any time and in any order', async () => {
    const tokens = [ownToken({ exp: nowS + 5 }), ownToken({ iat: nowS + 4, nbf: nowS + 6, exp: nowS + 8, auth_time: nowS }), acmeToken(), acmeToken({ aud: 'x' }), `${ownToken()}A`]
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...tokens), fc.integer({ min: -40_000, max: 10_000 })), { minLength: 2, maxLength: 12 }), async (steps) => {
      const verifier = freshVerifier()
      for (const [token, offset] of steps) expect(await verifier.verify(token, now + offset)).toEqual(await freshVerifier().verify(token, now + offset))
    }), { numRuns: 60 })
  })

  test('two verifiers share nothing', async () => {
    const token = acmeToken()
    expect(await verdict(token, now, freshVerifier([acme]))).toBe('ok')
    expect(await verdict(token, now, freshVerifier([]))).toBe('issuer_unknown')
    expect(await verdict(token, now, freshVerifier([{ ...acme, audience: 'api://x' }]))).toBe('token_wrong_audience')
  })

  test('a clock without a time is a fault, and no fault or answer carries the token', async () => {
    const token = minted()
    for (const at of [Number.NaN, Infinity, -Infinity]) {
      const error: unknown = await freshVerifier().verify(token, at).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ name: 'Fault', code: 'clock_unreadable' })
      expect(String((error as Error).stack)).not.toContain(token.slice(-20))
    }
    const answer = await freshVerifier().verify(token, now)
    expect(JSON.stringify(answer)).not.toContain(token.split('.')[2])
    expect(codeOf(answer)).toBe('ok')
    expect(Object.keys(await freshVerifier().verify(`${token}A`, now))).toEqual(['ok', 'code'])
  })
})
