import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { noteGuard, type Note } from '../../core/src/connectors/note.ts'
import { selfConnector } from '../../core/src/connectors/self.ts'
import { dispatch, type Answer } from '../src/dispatch.ts'
import { classify } from '../src/methods.ts'
import { deployment, type Deployment } from './everything/deployment.ts'
import { everything } from './everything/everything.ts'

const signal = new AbortController().signal
const wholeTenant = { kind: 'tenant' } as const
const send = (set: Deployment, token: string | undefined, method: string, params: object = {}, endpoint: { kind: 'tenant' } | { kind: 'customer'; customer: string } = wholeTenant): Promise<Answer> =>
  dispatch(set.portcullis, { id: 1, method, params: { ...params } }, classify(method, false, set.portcullis.offers, 'session'), { asked: { token, endpoint }, signal, askable: [] })
const stage = async (connector = everything(() => undefined)) => {
  const set = await deployment(connector)
  return { ...set, [Symbol.asyncDispose]: () => set.portcullis.close() }
}

/** Every method that reaches a target, with a target that exists and the same with an invented one. */
const READS = [
  ['resources/read', { uri: 'test://static-text' }, { uri: 'test://invented' }], ['resources/read', { uri: 'test://template/7/data' }, { uri: 'test://template/7/8/data' }],
  ['resources/subscribe', { uri: 'test://watched-resource' }, { uri: 'test://static-text' }], ['prompts/get', { name: 'test_simple_prompt' }, { name: 'test_simple_text' }],
  ['completion/complete', { ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' }, argument: { name: 'arg1', value: 'par' } }, { ref: { type: 'ref/prompt', name: 'test_simple_prompt' }, argument: { name: 'arg1', value: 'par' } }],
  ['tools/call', { name: 'test_simple_text' }, { name: 'prompt:test_simple_prompt' }],
] as const
const LISTS = ['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'] as const

verifies(['CH-16', 'CH-12'], 'resources, prompts, completions and subscriptions pass the chain and leave the records of a call', async () => {
  await using set = await stage()
  for (const [method, params] of READS) expect(await send(set, set.token, method, params), method).toMatchObject({ kind: 'result', result: { _meta: { 'dev.portcullis/decision': expect.stringMatching(/^dec_/) } } })
  for (const method of LISTS) expect(await send(set, set.token, method), method).toMatchObject({ kind: 'result' })
  let log = ''
  for await (const line of set.portcullis.exportLog('northwind')) log += Buffer.from(line).toString()
  for (const target of ['resource:test://static-text', 'template:test://template/{id}/data', 'subscription:test://watched-resource', 'prompt:test_simple_prompt', 'completion:prompt:test_prompt_with_arguments']) expect(log).toContain(`"tool":"${target}"`)
  for (const method of LISTS) expect(log).toContain(`"method":"${method}"`)
})

verifies(['CH-15', 'tool_unknown'], 'MCP-05: a target of another kind, an invented one and a foreign one are the same bytes; nobody gets in without a token', async () => {
  await using set = await stage()
  for (const [method, params, invented] of READS) {
    expect(await send(set, set.token, method, invented), method).toEqual({ kind: 'refusal', status: 200, headers: {}, error: { code: -32602, message: expect.stringMatching(/^Unknown (tool|resource|prompt|completion)$/) } })
    expect(await send(set, undefined, method, params), method).toMatchObject({ kind: 'refusal', status: 401 })
  }
})

verifies(['CH-15', 'tool_scope_mismatch'], 'what nothing could narrow serves no customer: not listed, and refused when called', async () => {
  await using set = await stage()
  const acme = { kind: 'customer', customer: 'acme' } as const
  for (const [method, params] of READS) {
    const answer = await send(set, set.viewer, method, params, acme)
    expect(JSON.stringify(answer), method).toMatch(/instance_customer_mismatch|tool_scope_mismatch/)
  }
  for (const method of LISTS) expect(Object.values((await send(set, set.viewer, method, {}, acme) as Extract<Answer, { kind: 'result' }>).result)[0], method).toEqual([])
})

verifies('CH-16', 'the three states hold for every kind: listed is callable, and what is not known is not listed', async () => {
  await using set = await stage()
  const names = async (method: string, member: string, key: string) => ((await send(set, set.token, method) as Extract<Answer, { kind: 'result' }>).result as Record<string, Record<string, string>[]>)[member]!.map((item) => item[key]!)
  for (const uri of await names('resources/list', 'resources', 'uri')) expect(await send(set, set.token, 'resources/read', { uri })).toMatchObject({ kind: 'result' })
  for (const name of await names('prompts/list', 'prompts', 'name')) expect(JSON.stringify(await send(set, set.token, 'prompts/get', { name }))).not.toContain('Unknown')
  expect(await names('resources/templates/list', 'resourceTemplates', 'uriTemplate')).toEqual(['test://template/{id}/data'])
  expect(await names('tools/list', 'tools', 'name')).not.toContain('prompt:test_simple_prompt')
})

test('TEN-11, MCP-07: an author says neither how long an answer is kept, nor anything in our name', async () => {
  const raw = { contents: [], ttlMs: 3_600_000, cacheScope: 'public', resultType: 'complete', _meta: { 'dev.portcullis/denial': { code: 'x' }, 'dev.portcullis/decision': 'dec_forged', 'com.example/mine': 1 } }
  await using set = await stage(selfConnector({ title: 'Sly', resources: { 'test://x': { definition: { name: 'x' }, read: async () => raw } } }))
  expect(await send(set, set.token, 'resources/read', { uri: 'test://x' })).toEqual({ kind: 'result', result: { contents: [], _meta: { 'com.example/mine': 1, 'dev.portcullis/decision': expect.stringMatching(/^dec_(?!forged)/) } } })
})

verifies('SE-03', 'AUT-16: what runs in the server is told everything but the token', async () => {
  const seen: unknown[] = []
  await using set = await stage(selfConnector({ title: 'Curious', tools: { look: { risk: 'read', description: '', run: async (call) => { seen.push(call); return { content: [] } } } } }))
  expect(await send(set, set.token, 'tools/call', { name: 'look' })).toMatchObject({ kind: 'result' })
  const text = inspect(seen, { depth: 12, showHidden: true })
  expect(text).toContain('callId')
  expect(text).not.toContain(set.token.split('.')[2])
  expect(text).not.toContain(set.token.split('.')[1])
})

test.each([[{ resultType: 'input_required' }], [{ resultType: 'input_required', inputRequests: {} }], [{ resultType: 'input_required', inputRequests: { a: { method: 'tools/call' } } }], [{ resultType: 'other' }], ['text'], [null]])('a malformed result %j is withheld', async (result) => {
  await using set = await stage(selfConnector({ title: 'Odd', tools: { odd: { risk: 'read', description: '', run: async () => result } } }))
  expect(JSON.stringify(await send(set, set.token, 'tools/call', { name: 'odd' }))).toContain('output_invalid')
})

verifies('IS-03', 'of notes before the answer, numbers pass and text does not, unless nothing had to be narrowed; after the answer nothing passes', () => {
  const note = fc.oneof(fc.record({ kind: fc.constant('progress'), progress: fc.double(), total: fc.double(), message: fc.string() }), fc.record({ kind: fc.constant('log'), level: fc.constantFrom('info', 'nonsense'), data: fc.jsonValue() }), fc.anything())
  fc.assert(fc.property(fc.array(note), (notes) => {
    const heard: Note[] = []
    const guard = noteGuard(false, (said) => heard.push(said))
    for (const said of notes) guard.tell(said as Note)
    for (const said of heard) expect(Object.entries(said).every(([key, value]) => (key === 'kind' ? value === 'progress' : ['progress', 'total'].includes(key) && typeof value === 'number'))).toBe(true)
    guard.close()
    const before = heard.length
    guard.tell({ kind: 'progress', progress: 1 })
    expect(heard.length).toBe(before)
  }))
  const heard: Note[] = []
  const open = noteGuard(true, (said) => heard.push(said))
  open.tell({ kind: 'log', level: 'info', data: 'text' })
  open.tell({ kind: 'progress', progress: 1, message: 'half' })
  open.tell({ kind: 'log', level: 'info', data: 'x'.repeat(5_000) })
  expect(heard).toEqual([{ kind: 'log', level: 'info', data: 'text' }, { kind: 'progress', progress: 1, message: 'half' }])
  for (let at = 0; at < 2_000; at++) open.tell({ kind: 'progress', progress: at })
  expect(heard).toHaveLength(1_000)
})
