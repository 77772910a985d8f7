import { generateKeyPairSync, verify as rawVerify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatCheckpoint, parseCheckpoint } from '../../src/audit/checkpoint.ts'
import { assertTrustworthy, ed25519Key, verifyEd25519 } from '../../src/audit/ed25519.ts'
import { formatVerifierKey, openNote, parseVerifierKey, signNote } from '../../src/audit/note.ts'
import { ORIGIN, signingKey } from './memory-log.ts'

const coded = (code: string) => expect.objectContaining({ code })
const key = signingKey()
const pinned = { name: ORIGIN, publicKey: key.publicKey }

describe('signed notes', () => {
  test('a note made by the reference implementation opens under its published key', () => {
    const known = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')
    const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    const line = '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'
    expect(openNote(`${text}\n${line}`, [known])).toBe(text)
    expect(formatVerifierKey(known)).toBe('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')
  })

  test('any text can be signed and opened, also with empty lines and by several keys; any other text cannot', async () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/[\u0000-\u001f]/.test(text))
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1 }), fc.nat(), async (lines, at) => {
        const text = `${lines.join('\n')}\n`
        const note = await signNote(text, [{ name: 'other.example', key: signingKey(9) }, { name: ORIGIN, key }])
        expect(openNote(note, [pinned])).toBe(text)
        expect(openNote(note, [{ name: 'other.example', publicKey: signingKey(9).publicKey }, pinned])).toBe(text)
        const flipped = Buffer.from(note)
        flipped[at % Buffer.byteLength(text)]! ^= 4
        expect(() => openNote(flipped.toString(), [pinned])).toThrow()
      }),
    )
  })

  test('lines of unknown keys are ignored, even with our name or our id; ours must verify', async () => {
    const note = await signNote('a\n', [{ name: ORIGIN, key }])
    const sameName = await signNote('a\n', [{ name: ORIGIN, key: signingKey(9) }])
    const unknown = `\u2014 witness.example ${Buffer.alloc(2500, 6).toString('base64')}\n`
    expect(openNote(note + unknown + sameName.split('\n\n')[1]!, [pinned])).toBe('a\n')
    expect(() => openNote(sameName, [pinned])).toThrow(coded('note_unsigned'))
    expect(() => openNote(note.replace(`\u2014 ${ORIGIN}`, '\u2014 someone.else'), [pinned])).toThrow(coded('note_unsigned'))
    expect(() => openNote(note.replace('a\n', 'b\n'), [pinned])).toThrow(coded('note_signature_invalid'))
    const spoiled = Buffer.from(note.split(' ').at(-1)!, 'base64')
    spoiled[20]! ^= 1
    expect(() => openNote(`${note}\u2014 ${ORIGIN} ${spoiled.toString('base64')}\n`, [pinned])).toThrow(coded('note_signature_invalid'))
  })

  test('what is not a note, or not a text, is refused', async () => {
    const note = await signNote('a\n', [{ name: ORIGIN, key }])
    const bad = ['', 'a\n', 'a\n\n', note.slice(0, -1), note.replace('\u2014', '-'), note.replace('\n\n', '\n'), note.replace('a', '\u0001'), `${note}\n`, note.replace(/=?\n$/, '\n\n'), `${note}${'\u2014 x AAAAAAA=\n'.repeat(64)}`]
    for (const text of bad) expect(() => openNote(text, [pinned]), JSON.stringify(text)).toThrow(coded('note_malformed'))
    for (const text of ['a', 'a\u0000\n', '\ud800\n']) await expect(signNote(text, [{ name: ORIGIN, key }])).rejects.toThrow(coded('note_malformed'))
    for (const name of ['', 'a b', 'a+b', 'a\u00a0b', 'a\nb']) await expect(signNote('a\n', [{ name, key }])).rejects.toThrow(coded('key_invalid'))
  })

  test('a verifier key with another id, type or length is refused', () => {
    const text = formatVerifierKey(pinned)
    expect(parseVerifierKey(text)).toEqual(pinned)
    const typed = (type: number) => Buffer.concat([Uint8Array.of(type), key.publicKey]).toString('base64')
    for (const bad of ['', 'a', 'a+b', text.slice(0, -1), `${text} `, text.replace(ORIGIN, 'x'), `${ORIGIN}+00000000+${typed(1)}`, text.replace(typed(1), typed(4)), text.replace(/\+[0-9a-f]{8}\+/, (id) => id.toUpperCase() + ' ')]) {
      expect(() => parseVerifierKey(bad), bad).toThrow(coded('key_invalid'))
    }
  })
})

/** Edwards arithmetic with plain fractions of the field: slow, and independent of the code under test. */
const P = 2n ** 255n - 19n
const power = (base: bigint, exponent: bigint): bigint => (exponent === 0n ? 1n : (power((base * base) % P, exponent / 2n) * (exponent % 2n === 1n ? base : 1n)) % P)
const over = (a: bigint, b: bigint) => ((((a % P) + P) % P) * power(((b % P) + P) % P, P - 2n)) % P
const D = over(-121665n, 121666n)
const encode = (y: bigint, sign = 0) => Buffer.from((y + (sign ? 2n ** 255n : 0n)).toString(16).padStart(64, '0'), 'hex').reverse()
type Point = readonly [bigint, bigint]
const add = ([a, b]: Point, [c, d]: Point): Point => {
  const t = (D * a * b * c * d) % P
  return [over(a * d + b * c, 1n + t), over(b * d + a * c, 1n - t)]
}
const pointAt = (y: bigint): Point | undefined => {
  const xx = over(y * y - 1n, D * y * y + 1n)
  let x = power(xx, (P + 3n) / 8n)
  if ((x * x - xx) % P !== 0n) x = (x * power(2n, (P - 1n) / 4n)) % P
  return (x * x - xx) % P === 0n ? [x, y] : undefined
}

describe('Ed25519 keys', () => {
  /** L times any point of the curve is a point of small order; enough of them give all eight. */
  function smallOrder(): bigint[] {
    const L = 2n ** 252n + 27742317777372353535851937790883648493n
    const found = new Set<bigint>()
    for (let y = 2n; found.size < 5; y++) {
      const point = pointAt(y)
      if (point === undefined) continue
      let sum: Point = [0n, 1n]
      for (const bit of L.toString(2)) {
        sum = add(sum, sum)
        if (bit === '1') sum = add(sum, point)
      }
      found.add(sum[1])
    }
    return [...found]
  }

  test('AUD-04: all points of small order, and everything that is not canonical, are refused as keys', () => {
    const points = smallOrder()
    expect(points).toHaveLength(5) // the eight points have five different y
    const encodings = [...points, P, P + 1n, ...Array.from({ length: 17 }, (_, n) => P + 2n + BigInt(n))].flatMap((y) => [encode(y), encode(y, 1)])
    for (const publicKey of encodings) {
      expect(() => assertTrustworthy(publicKey), publicKey.toString('hex')).toThrow(coded('key_invalid'))
      expect(() => formatVerifierKey({ name: ORIGIN, publicKey })).toThrow(coded('key_invalid'))
      // The signature R = key, S = 0 verifies a share of all messages where the runtime does not look.
      expect(() => verifyEd25519(publicKey, Buffer.from('any text'), Buffer.concat([publicKey, Buffer.alloc(32)]))).toThrow(coded('key_invalid'))
    }
    expect(() => assertTrustworthy(key.publicKey.subarray(1))).toThrow(coded('key_invalid'))
    expect(() => assertTrustworthy(key.publicKey)).not.toThrow()
  })

  test('a second signature made from the first by adding the group order is refused', async () => {
    const text = Buffer.from('text')
    const signature = Buffer.from(await key.sign(text))
    expect(verifyEd25519(key.publicKey, text, signature)).toBe(true)
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + 2n ** 252n + 27742317777372353535851937790883648493n
    expect(verifyEd25519(key.publicKey, text, Buffer.concat([signature.subarray(0, 32), encode(s)]))).toBe(false)
    expect(verifyEd25519(key.publicKey, text, Buffer.concat([signature, Buffer.alloc(1)]))).toBe(false)
  })

  test('keys come from a seed or from a key object of the right kind', async () => {
    const pair = generateKeyPairSync('ed25519')
    expect(rawVerify(null, Buffer.from('a'), pair.publicKey, await ed25519Key(pair.privateKey).sign(Buffer.from('a')))).toBe(true)
    // RFC 8032 §7.1, test 1
    const known = ed25519Key(Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'))
    expect(Buffer.from(known.publicKey).toString('hex')).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
    for (const bad of [Buffer.alloc(31), pair.publicKey, generateKeyPairSync('x25519').privateKey]) expect(() => ed25519Key(bad)).toThrow(coded('key_invalid'))
  })
})

describe('checkpoint text', () => {
  const root = Buffer.alloc(32, 5)

  test('is origin, size and root, and reads back', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (size, hash) => {
        expect(parseCheckpoint(formatCheckpoint({ origin: ORIGIN, size, root: hash }))).toEqual({ origin: ORIGIN, size, root: hash })
      }),
    )
    expect(formatCheckpoint({ origin: ORIGIN, size: 3, root })).toBe(`${ORIGIN}\n3\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\n`)
    expect(parseCheckpoint(`${formatCheckpoint({ origin: ORIGIN, size: 3, root })}extension\n`).size).toBe(3)
  })

  test('AUD-05: has no second spelling', () => {
    const good = formatCheckpoint({ origin: ORIGIN, size: 3, root })
    for (const size of ['03', '+3', '3.0', '3e0', '-0', '', ' 3', '9007199254740993', '99999999999999999']) {
      expect(() => parseCheckpoint(good.replace('\n3\n', `\n${size}\n`)), size).toThrow(coded('checkpoint_malformed'))
    }
    for (const bad of [good.slice(0, -1), `${good}\n`, good.replace('BQU=', 'BQV='), good.replace('BQU=', 'BQU'), good.replace('BQU=', 'BQUF'), `\n${good}`, '', `${ORIGIN}\n3\n`]) {
      expect(() => parseCheckpoint(bad), bad).toThrow(coded('checkpoint_malformed'))
    }
    expect(() => formatCheckpoint({ origin: 'two\nlines', size: 3, root })).toThrow(coded('checkpoint_malformed'))
  })
})
