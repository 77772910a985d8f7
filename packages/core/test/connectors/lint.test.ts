import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { inputIssues } from '../../src/connectors/input-issues.ts'
import { lintSchema } from '../../src/connectors/lint.ts'
import { patternCost } from '../../src/connectors/pattern.ts'

describe('patterns', () => {
  test.each([
    ['linear', [/^[a-z]+$/, /^\d{4}-\d{2}$/, /^(?:open|closed)$/, /foo/, /^T-\d+(\.\d{1,3})?$/, /^[(|*+]+$/, /^\(a\)*$/, /^(?<year>\d{4})$/, /^(ab){2,5}$/, /^(?:foo|bar)+$/, /^a{3}$/, /^[\]a]*$/]],
    ['polynomial', [/\d+$/, /^.*a.*$/, /^a|b+/, /^\w+@\w+$/, /^(?=.*\d)(?=.*[a-z]).{8,}$/, /^a+$/m, /^a{0,500}b{0,500}$/]],
    ['exponential', [/^(a+)+$/, /(a*)*b/, /^(a|a)*$/, /^(a|ab)+$/, /^(\w|x)+$/, /^([a-z]+\.)*$/, /^(a?){30}$/, /^(a)\1$/, /^(?<x>a)\k<x>$/, /^((a+)b)+$/, /^(?:x(?:a|[ab]))*$/, /^(?:a|A)+$/i, /^(?:|a)*$/]],
  ])('DOS-02: %s', (cost, patterns) => {
    for (const pattern of patterns) expect(`${pattern} ${patternCost(pattern)}`).toBe(`${pattern} ${cost}`)
  })

  test('DOS-02: what is called linear ends quickly on hostile texts of 100,000 characters', () => {
    const atom = fc.constantFrom('a', 'b', '[ab]', '\\w', '.', '(?:ab)', '(?:a|b)', '(a)', '(?:a+)', '(?:a?b)')
    const piece = fc.tuple(atom, fc.constantFrom('', '+', '*', '?', '{2,5}', '+?')).map(([a, q]) => a + q)
    const hostile = ['a'.repeat(100_000) + '!', 'ab'.repeat(50_000) + '!']
    let linear = 0
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '$'), (pieces, end) => {
        const pattern = new RegExp(`^${pieces.join('')}${end}`)
        if (patternCost(pattern) !== 'linear') return
        linear++
        for (const text of hostile) {
          const start = performance.now()
          pattern.test(text)
          expect(performance.now() - start).toBeLessThan(500)
        }
      }),
    )
    expect(linear).toBeGreaterThan(10)
  })
})

describe('lintSchema', () => {
  const lint = (schema: z.ZodType) => () => lintSchema(schema, 'input', 't.input')
  test('DOS-02: a pattern that is slow on long texts needs an aborting length limit before it', () => {
    const slow = /\d+$/
    expect(lint(z.object({ s: z.string().regex(slow) }))).toThrow('t.input.s: /\\d+$/ is slow on long texts: put .max(1000, { abort: true })')
    expect(lint(z.object({ s: z.string().max(100).regex(slow) }))).toThrow('is slow')
    expect(lint(z.object({ s: z.string().max(5000, { abort: true }).regex(slow) }))).toThrow('is slow')
    expect(lint(z.object({ s: z.string().regex(slow).max(100, { abort: true }) }))).toThrow('is slow')
    expect(lint(z.object({ s: z.string().max(100, { abort: true }).regex(slow) }))).not.toThrow()
    expect(lint(z.object({ s: z.string().length(10, { abort: true }).regex(slow) }))).not.toThrow()
    expect(lint(z.object({ s: z.array(z.string().regex(/(a+)+/).optional()) }))).toThrow('t.input.s[]: /(a+)+/ repeats something that varies')
    expect(lint(z.object({ s: z.string().max(10, { abort: true }).regex(/(a+)+/) }))).toThrow('repeats something that varies')
    expect(lint(z.object({ s: z.stringFormat('odd', /(a+)+/) }))).toThrow('repeats something that varies')
    expect(lint(z.object({ e: z.email(), u: z.url(), d: z.iso.datetime(), i: z.uuid(), h: z.hostname() }))).not.toThrow()
  })

  test('DOS-02: an aborting limit really keeps zod from running the pattern', () => {
    let ran = 0
    class Counting extends RegExp {
      override test(text: string): boolean {
        ran++
        return super.test(text)
      }
    }
    const schema = z.string().max(5, { abort: true }).regex(new Counting('\\d+$'))
    expect(schema.safeParse('x'.repeat(6)).success).toBe(false)
    expect(ran).toBe(0)
    expect(schema.safeParse('x1').success).toBe(true)
    expect(ran).toBe(1)
  })

  test('DOS-02: more than 10,000 parts are refused, also when each look makes new ones', () => {
    const wide = z.object(Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`f${n}`, z.string()])))
    expect(lint(wide)).toThrow('t.input has more than 10000 parts: split the tool.')
    const endless = (): z.ZodType => z.object({ get more() { return endless() } })
    expect(lint(endless())).toThrow('t.input has more than 10000 parts')
  })
})

describe('inputIssues', () => {
  const issuesOf = (schema: z.ZodType, value: unknown): string => {
    const parsed = schema.safeParse(value)
    if (parsed.success) throw new Error('parsed')
    return inputIssues(parsed.error, schema)
  }

  test('DOS-03: 50,000 issues become 20 lines and at most 4,000 characters', () => {
    const text = issuesOf(z.object({ list: z.array(z.number()) }), { list: Array.from({ length: 50_000 }, () => 'x') })
    expect(text.split('\n')).toHaveLength(21)
    expect(text.split('\n').at(-1)).toBe('and 49980 more')
    const long = z.enum(Array.from({ length: 50 }, (_, n) => `${n}`.padStart(400, 'v')) as [string])
    expect(issuesOf(z.object({ list: z.array(long) }), { list: ['x', 'x', 'x'] }).length).toBeLessThanOrEqual(4000)
  })

  test('DOS-03: no value and no name that the caller sent is repeated', () => {
    const Inner = z.strictObject({
      status: z.enum(['open', 'closed']), n: z.number().min(3).max(5).multipleOf(2), mail: z.email(), by: z.record(z.string().max(3), z.number()),
      or: z.union([z.number(), z.object({ a: z.string() })]), own: z.string().refine(() => false, { error: (issue) => `not ${String(issue.input)}` }),
    })
    const schema = z.object({ in: Inner, list: z.array(Inner.shape.n) })
    fc.assert(
      fc.property(fc.string({ minLength: 4, maxLength: 12, unit: 'grapheme-ascii' }).filter((s) => !/^[a-z .:[\],0-9]*$/i.test(s)), (canary) => {
        const text = issuesOf(schema, { in: { status: canary, n: canary, mail: canary, by: { [canary]: canary }, or: canary, own: canary, [canary]: canary }, list: [canary, 1, 9, 3] })
        expect(text).not.toContain(canary)
      }),
    )
    expect(issuesOf(schema, { in: { status: 'x', n: 7, mail: 'x', by: { secret: 1, ok: 'x' }, or: 'x', own: 'x', extra: 1 }, list: [] })).toBe(
      [
        'in.status: expected one of "open", "closed"', 'in.n: at most 5', 'in.n: must be a multiple of 2', 'in.mail: not a valid email', 'in.by.*: has a name that is not allowed', 'in.by.*: expected number',
        'in.or: fits none of the allowed forms', 'in.own: not accepted', 'in: has fields that are not declared',
      ].join('\n'),
    )
    expect(issuesOf(schema, null)).toBe('input: expected object')
  })
})
