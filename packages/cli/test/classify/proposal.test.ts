import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { readListing } from '../../src/classify/listing.ts'
import { asModule } from '../../src/classify/module.ts'
import { propose } from '../../src/classify/proposal.ts'
import { quoted } from '../../src/classify/quoted.ts'
import { ownServer } from '../../../mcp/src/own-server.ts'
import { evaluate, typeErrors } from './evaluate.ts'

const proposed = (annotations?: unknown): unknown => propose(readListing({ tools: [{ name: 'x', annotations }] })).tools[0]

verifies('EM-01', 'a risk is proposed from the hints; what is absent or contradicts itself is taken for the worst and must be confirmed', () => {
  for (const [annotations, risk, from, confirm] of [
    [{ readOnlyHint: true }, 'read', 'readOnlyHint: true', null],
    [{ readOnlyHint: true, destructiveHint: false }, 'read', 'readOnlyHint: true, destructiveHint: false', null],
    [{ destructiveHint: false }, 'write', 'destructiveHint: false', null],
    [{ readOnlyHint: false, destructiveHint: false }, 'write', 'readOnlyHint: false, destructiveHint: false', null],
    [{ destructiveHint: true }, 'destructive', 'destructiveHint: true', null],
    [{ readOnlyHint: false, destructiveHint: true }, 'destructive', 'readOnlyHint: false, destructiveHint: true', null],
    [{ readOnlyHint: false }, 'destructive', 'readOnlyHint: false', 'no destructiveHint'],
    [{ readOnlyHint: true, destructiveHint: true }, 'destructive', 'readOnlyHint: true, destructiveHint: true', 'the hints contradict each other'],
    [{ readOnlyHint: 'true' }, 'destructive', 'readOnlyHint: no boolean', 'a hint is neither true nor false'],
    [{ readOnlyHint: true, destructiveHint: null }, 'destructive', 'readOnlyHint: true, destructiveHint: no boolean', 'a hint is neither true nor false'],
    [{ openWorldHint: false, idempotentHint: true }, 'destructive', 'nothing', 'no hints'],
    [undefined, 'destructive', 'nothing', 'no hints'],
    [[true], 'destructive', 'nothing', 'no hints'],
  ] as const) expect(proposed(annotations)).toMatchObject({ risk, from, confirm })
  const twice = propose(readListing({ tools: [{ name: 'x', annotations: { readOnlyHint: true } }, { name: 'x', annotations: { readOnlyHint: true } }] }))
  expect(twice.tools).toMatchObject([{ name: 'x', risk: 'destructive', confirm: 'listed 2 times' }])
})

test('each line says what it was proposed from, and those without a clear answer say `// confirm`', () => {
  const module = asModule(propose(readListing({
    tools: [{ name: 'wipe' }, { name: 'list', description: 'Lists.', annotations: { readOnlyHint: true } }, { name: 'none ascii\u00ef' }],
    prompts: [{ name: 'greet' }], resources: [{ uri: 'file:///a' }], resourceTemplates: [{ uriTemplate: 'file:///{x}' }],
  }, "Ada's server")))
  expect(module).toMatch(/^import \{ ownServer \} from '@portcullis\/mcp'\n/)
  expect(module.slice(module.indexOf('export'))).toBe(String.raw`export const self = ownServer({
  title: 'Ada\'s server',
  tools: {
    // 'Lists.'
    'list': 'read', // from readOnlyHint: true
    'wipe': 'destructive', // from nothing // confirm: no hints
  },
  prompts: [
    'greet',
  ],
  resources: [
    'file:///a',
  ],
  templates: [
    'file:///{x}',
  ],
  // left out: the tool 'none ascii${'\u00ef'}', because a name is 1 to 200 visible ASCII characters without double quote or backslash
})
`)
  expect(typeErrors(module)).toEqual([])
  expect(typeErrors(module.replace(`'read'`, `'reed'`))).toEqual([expect.stringContaining('reed')])
})

verifies('EM-01', 'completions and subscriptions are proposed where the server declares them, of what is proposed and can have them', () => {
  const listing = {
    tools: [], prompts: [{ name: 'plain' }, { name: 'greet', arguments: [{ name: 'who' }] }, { name: 'none', arguments: [] }, { name: 'p'.repeat(196), arguments: [{ name: 'who' }] }],
    resources: [{ uri: 'file:///a' }, { uri: 'no"uri' }], resourceTemplates: [{ uriTemplate: 'file:///{x}' }, { uriTemplate: 'file:///{+x}' }, { uriTemplate: 'file:///all' }],
  }
  const of = (capabilities: unknown) => {
    const { completions, subscriptions, leftOut } = propose(readListing({ ...listing, capabilities }))
    return { completions, subscriptions, leftOut: leftOut.filter(({ kind }) => kind === 'completion').length }
  }
  const [completions, subscriptions] = [['prompt:greet', 'template:file:///{x}'], ['file:///a']]
  expect(of({ completions: {}, resources: { subscribe: true } })).toEqual({ completions, subscriptions, leftOut: 1 })
  expect(of({ completions: {}, resources: {} })).toEqual({ completions, subscriptions: [], leftOut: 1 })
  for (const none of [undefined, null, [], 'completions', { completions: true, resources: { subscribe: 'yes' } }, { resources: true }]) expect(of(none)).toEqual({ completions: [], subscriptions: [], leftOut: 0 })
  const module = asModule(propose(readListing({ ...listing, capabilities: { completions: {}, resources: { subscribe: true } } })))
  expect(evaluate(module)).toMatchObject({ completions, subscriptions })
  expect(typeErrors(module)).toEqual([])
  expect(Array.from(ownServer({ completions, subscriptions }).tools.keys())).toEqual(['completion:prompt:greet', 'completion:template:file:///{x}', 'subscription:file:///a'])
})

test('the header says how to leave a tool out on purpose, and nothing is proposed to be', () => {
  const module = asModule(propose(readListing({ tools: [{ name: 'wipe' }] })))
  expect(module.slice(0, module.indexOf('export'))).toContain("'withheld'")
  expect(module.slice(module.indexOf('export'))).not.toContain('withheld')
})

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('__proto__', 'constructor', '*/', '\n}) evil()', '\u2028evil()', "', evil(), '", '*', 'prompt:constructor', 'task:x', 'file:///{a}', 'file:///{a}{b}', 'file:///{+a}', 'file:///{a', 'a}', '{}', '\\', "\\'", '\r//', '\u202egnp.exe', '${evil()}', '`', '\ud800', '\u0000', 'x'.repeat(201), ''),
  fc.array(fc.constantFrom("'", '\\', '\n', '\u2029', '/', '*', '{', '}', 'a', '\u202e', '\u200b'), { maxLength: 12 }).map((parts) => parts.join('')),
)
const listed = fc.record({
  tools: fc.array(fc.record({ name: nasty, title: nasty, description: nasty, annotations: fc.record({ readOnlyHint: fc.boolean(), destructiveHint: fc.boolean() }, { requiredKeys: [] }) }, { requiredKeys: ['name'] }), { maxLength: 6 }),
  prompts: fc.array(fc.record({ name: nasty, arguments: fc.constantFrom([], [{ name: 'a' }]) }), { maxLength: 4 }),
  resources: fc.array(fc.record({ uri: nasty }), { maxLength: 4 }),
  resourceTemplates: fc.array(fc.record({ uriTemplate: nasty }), { maxLength: 4 }),
  capabilities: fc.constantFrom({}, { completions: {}, resources: { subscribe: true } }),
})

verifies('EM-01', 'whatever a strange server calls its things, the module compiles, says exactly what was proposed, and shows everything hidden', () => {
  let cases = 0
  fc.assert(fc.property(listed, fc.option(nasty), (listing, server) => {
    const proposal = propose(readListing(listing, server ?? undefined))
    const module = asModule(proposal)
    const handed = evaluate(module)
    expect(handed.tools).toEqual(proposal.tools.map(({ name, risk }) => [name, risk]))
    expect([...ownServer({ ...handed, tools: Object.fromEntries(proposal.tools.map(({ name, risk }) => [name, risk])) }).tools.values()].flatMap(({ name, risk, own }) => (own?.kind === 'tool' ? [[name, risk]] : [])))
      .toEqual(handed.tools)
    expect(handed.title ?? null).toBe(proposal.server)
    for (const kind of ['prompts', 'resources', 'templates', 'completions', 'subscriptions'] as const) expect(handed[kind] ?? []).toEqual(proposal[kind])
    expect(module.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u)
    const names = [...proposal.tools.map(({ name }) => name), ...proposal.leftOut.filter(({ kind }) => kind === 'tool').map(({ name }) => name)]
    expect(new Set(names)).toEqual(new Set(listing.tools.map(({ name }) => name)))
    cases += 1
  }), { numRuns: 1000, examples: [[{ tools: [{ name: '__proto__' }, { name: 'a' }], prompts: [], resources: [], resourceTemplates: [], capabilities: {} }, '\u2028']] })
  return { cases }
})

test('the order in which a server lists things changes nothing', () => {
  fc.assert(fc.property(listed, (listing) => {
    const once = <T>(entries: readonly T[], key: (entry: T) => string): T[] => [...new Map(entries.map((entry) => [key(entry), entry])).values()]
    const unique = { ...listing, tools: once(listing.tools, ({ name }) => name) }
    const turned = { capabilities: unique.capabilities, tools: unique.tools.toReversed(), prompts: unique.prompts.toReversed(), resources: unique.resources.toReversed(), resourceTemplates: unique.resourceTemplates.toReversed() }
    expect(asModule(propose(readListing(turned)))).toBe(asModule(propose(readListing(unique))))
  }))
})

test('a quoted text is a literal of itself, in one line', () => {
  fc.assert(fc.property(nasty, (text) => {
    expect(evaluate(`import { ownServer } from 'x'\nexport const self = ownServer({ title: ${quoted(text)}, tools: {} })`).title).toBe(text)
  }))
})

test.each([
  [null, 'no list of tools'], [[], 'no list of tools'], [{ tools: {} }, 'no list of tools'], [{ tools: [], nextCursor: 'x' }, 'nextCursor'],
  [{ tools: ['x'] }, 'Entry 0 of its tools has no name'], [{ tools: [{ name: 'a' }, { name: 1 }] }, 'Entry 1 of its tools has no name'],
  [{ tools: [], prompts: {} }, 'prompts are no list'], [{ tools: [], resources: [{ name: 'x' }] }, 'no uri'],
])('%j is no listing', (value, says) => {
  expect(() => readListing(value)).toThrow(expect.objectContaining({ code: 'listing_unusable', message: expect.stringContaining(says) }))
})

test('a JSON-RPC answer is a listing too', () => {
  expect(readListing({ jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'x', title: 'X' }] } }).tools).toMatchObject([{ name: 'x', title: 'X' }])
})
