import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifies } from '../../../../test-support/verifies.ts'
import { INGRESS_LIMITS, parseJson } from '../../src/json/parse.ts'

const parse = (text: string | Uint8Array, limits = INGRESS_LIMITS) => parseJson(text, limits)
const malformed = { ok: false, code: 'malformed' }

type Tree = { kind: 'leaf'; text: string } | { kind: 'array'; items: Tree[] } | { kind: 'object'; members: [name: string, value: Tree][] }

/** Texts with chosen names, duplicates included, each character escaped or not by chance. */
const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('1', '-0', '1e3', 'true', 'null', '"x"', '"\\"{"', '"\\\\"', '"\\ud83d\\ude00"').map((text): Tree => ({ kind: 'leaf', text })),
    fc.array(tie('tree'), { maxLength: 4 }).map((items): Tree => ({ kind: 'array', items })),
    fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd"', 'e\\', '', '__proto__', '0'), tie('tree')), { maxLength: 14 }).map((members): Tree => ({ kind: 'object', members })),
  ),
})).tree

function write(node: Tree, escape: () => boolean): string {
  if (node.kind === 'leaf') return node.text
  if (node.kind === 'array') return `[ ${node.items.map((item) => write(item, escape)).join(' ,')}]`
  const name = (text: string) => `"${[...text].map((char) => (escape() || char === '"' || char === '\\' ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char)).join('')}"`
  return `{${node.members.map(([key, value]) => `${name(key)} :${write(value, escape)}`).join(', ')} }`
}
const repeats = (node: Tree): boolean => {
  if (node.kind === 'leaf') return false
  if (node.kind === 'array') return node.items.some(repeats)
  return new Set(node.members.map(([key]) => key)).size < node.members.length || node.members.some(([, value]) => repeats(value))
}

describe('agreement with JSON.parse', () => {
  test('any JSON value, as text and as bytes', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      fc.pre(!/\\ud[89a-f]/.test(text))
      expect(parse(text)).toStrictEqual({ ok: true, value: JSON.parse(text) })
      expect(parse(Buffer.from(text))).toStrictEqual({ ok: true, value: JSON.parse(text) })
    }))
  })

  test('any text at all is either read as JSON.parse reads it or refused', () => {
    const pieces = fc.array(fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '"a"', '"b"', '\\u', 'd83d', '1', ' ', 'null'), { maxLength: 16 })
    let read = 0
    fc.assert(fc.property(pieces.map((parts) => parts.join('')), (text) => {
      const result = parse(text)
      if (!result.ok) return
      read++
      expect(result.value).toStrictEqual(JSON.parse(text))
    }), { numRuns: 2_000 })
    expect(read).toBeGreaterThan(20)
  })
})

describe('duplicate names', () => {
  verifies('malformed', 'AUT-13: refused exactly where an object names a member twice, however it is escaped', () => {
    const seen = { refused: 0, read: 0 }
    fc.assert(fc.property(tree, fc.infiniteStream(fc.boolean()), (node, coin) => {
      const text = write(node, () => coin.next().value === true)
      if (repeats(node)) {
        seen.refused++
        expect(parse(text)).toEqual(malformed)
      } else {
        seen.read++
        expect(parse(text)).toStrictEqual({ ok: true, value: JSON.parse(text) })
      }
    }), { numRuns: 1_000 })
    expect(Math.min(seen.refused, seen.read)).toBeGreaterThan(50)
  })

  test.each([
    '{"tid":"A","tid":"B"}', '{"a":{"b":1,"b":1}}', '[{"a":1},{"a":1,"\\u0061":2}]', '{"":1,"":2}', '{"a":{},"b":[],"a":1}', '{"__proto__":1,"__proto__":2}',
    `{${Array.from({ length: 40 }, (_, n) => `"k${n}":${n}`).join()},"k3":0}`,
  ])('AUT-13: %s', (text) => expect(parse(text)).toEqual(malformed))

  test('the same name in different objects, or as a value, is none', () => {
    for (const text of ['{"a":{"a":"a"},"b":"a"}', '[{"a":1},{"a":2}]', '{"a":["a","a"],"b":{"a":1}}']) expect(parse(text).ok).toBe(true)
  })
})

describe('limits', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

  verifies('request_too_deep', 'depth is exact and judged before building', () => {
    expect(parse(nested(64)).ok).toBe(true)
    expect(parse(nested(65))).toEqual({ ok: false, code: 'request_too_deep' })
    expect(parse('['.repeat(500_000))).toEqual({ ok: false, code: 'request_too_deep' })
    expect(parse(`${'{"a":'.repeat(64)}1${'}'.repeat(64)}`).ok).toBe(true)
    expect(parse(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`)).toEqual({ ok: false, code: 'request_too_deep' })
    expect(parse(`[${'[],'.repeat(1_000)}[]]`, { bytes: 10_000, depth: 2 }).ok).toBe(true)
    expect(parse(`"${'['.repeat(100)}"`).ok).toBe(true)
  })

  verifies('request_too_large', 'bytes are UTF-8 bytes', () => {
    const limits = { bytes: 4, depth: 1 }
    expect(parse('"é"', limits).ok).toBe(true)
    for (const over of ['"éa"', '"€"', '     ']) {
      expect(parse(over, limits)).toEqual({ ok: false, code: 'request_too_large' })
      expect(parse(Buffer.from(over), limits)).toEqual({ ok: false, code: 'request_too_large' })
    }
  })

  test('a mebibyte is judged in linear time, whatever it is made of', () => {
    const fill = (piece: string) => `[${piece.repeat(Math.floor((INGRESS_LIMITS.bytes - 10) / piece.length)).replace(/,$/, '')}]`
    const names = `{${Array.from({ length: 80_000 }, (_, n) => `"${n}":0`).join()}}`
    for (const text of [fill('{"id":1,"name":"x"},'), fill('"\\n",'), fill('"a",'), fill('{},'), fill('"\\ud83d\\ude00",'), `"${'\\"'.repeat(500_000)}"`, names]) {
      const start = performance.now()
      expect(parse(text).ok).toBe(true)
      expect(performance.now() - start).toBeLessThan(1_000) // a quadratic reader needs minutes; the bound leaves room for a busy machine
    }
  })
})

describe('form', () => {
  test.each([
    ['empty', ''], ['trailing comma', '[1,]'], ['trailing text', '{} {}'], ['unclosed', '{"a":1'], ['closed twice', '[]]'], ['open string', '["a'], ['open escape', '"\\'], ['comment', '/**/1'],
    ['single quotes', "{'a':1}"], ['NaN', 'NaN'], ['leading zero', '01'], ['byte order mark', '\ufeff{}'], ['raw newline in a string', '"\n"'], ['crossed', '[{]}'], ['name without value', '{"a"}'],
  ])('%s', (_, text) => {
    expect(parse(text)).toEqual(malformed)
    expect(parse(Buffer.from(text))).toEqual(malformed)
  })

  test.each(['"\\ud83d"', '"\\ude00"', '"\\ude00\\ud83d"', '"\\ud83d\\ud83d\\ude00"', '"\\ud83d x"', '{"\\uDBFF":1}', '"\\ud83d\\n\\ude00"', '"\ud83d"', '"\ude00"', '"\ud83d\\ude00"'])('lone surrogate %j', (text) => {
    expect(parse(text)).toEqual(malformed)
  })

  test('a pair of surrogates, and backslashes that only look like one', () => {
    expect(parse('"\\ud83d\\ude00"')).toEqual({ ok: true, value: '😀' })
    expect(parse('"\\\\ud83d"')).toEqual({ ok: true, value: '\\ud83d' })
    expect(parse('"\\u0000\\u0061"')).toEqual({ ok: true, value: '\0a' })
  })

  test.each([[[0x22, 0xff, 0x22]], [[0x22, 0xc0, 0xaf, 0x22]], [[0x22, 0xed, 0xa0, 0x80, 0x22]], [[0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]], [[0x22, 0xe2, 0x82]], [[0xef, 0xbb, 0xbf, 0x31]]])('bytes %j are not UTF-8 text', (bytes) => {
    expect(parse(Uint8Array.from(bytes))).toEqual(malformed)
  })

  test('__proto__ is a name like any other and pollutes nothing', () => {
    const result = parse('{"__proto__":{"polluted":true},"a":{"__proto__":null,"constructor":{"prototype":1}}}')
    if (!result.ok) throw new Error('refused')
    const value = result.value as Record<string, unknown>
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.getOwnPropertyDescriptor(value, '__proto__')).toEqual({ value: { polluted: true }, writable: true, enumerable: true, configurable: true })
    expect('polluted' in value).toBe(false)
    expect(Object.keys(value)).toEqual(['__proto__', 'a'])
  })
})
