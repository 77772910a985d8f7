import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Portcullis, Request as Asked } from '@portcullis/core'
import { dispatch as answer } from '../src/dispatch.ts'
import { readMessage, type Message } from '../src/message.ts'
import { classify } from '../src/methods.ts'
import { humanToken, logOf, stage } from './world.ts'

const never = new AbortController().signal
const dispatch = (portcullis: Portcullis, sent: Message, asked: Asked, signal: AbortSignal) => answer(portcullis, sent, classify(sent.method, sent.id === undefined, portcullis.offers, 'stateless'), { asked, signal, askable: [] })
const message = (method: string, params?: unknown) => readMessage({ jsonrpc: '2.0', id: 1, method, params: params ?? {} })!

test.each([
  ['a batch', [{ jsonrpc: '2.0', id: 1, method: 'ping' }]], ['an empty batch', []], ['a response', { jsonrpc: '2.0', id: 1, result: {} }], ['null', null], ['text', 'ping'],
  ['another version', { jsonrpc: '1.0', id: 1, method: 'ping' }], ['a null id', { jsonrpc: '2.0', id: null, method: 'ping' }], ['half an id', { jsonrpc: '2.0', id: 1.5, method: 'ping' }],
  ['an id beyond whole numbers', { jsonrpc: '2.0', id: 2 ** 53, method: 'ping' }], ['an object for an id', { jsonrpc: '2.0', id: {}, method: 'ping' }],
  ['params by position', { jsonrpc: '2.0', id: 1, method: 'ping', params: [] }], ['null params', { jsonrpc: '2.0', id: 1, method: 'ping', params: null }],
  ['a foreign member', { jsonrpc: '2.0', id: 1, method: 'ping', access_token: 'x' }], ['no method', { jsonrpc: '2.0', id: 1 }], ['a method that is no text', { jsonrpc: '2.0', id: 1, method: ['ping'] }],
  ['an endless method', { jsonrpc: '2.0', id: 1, method: 'p'.repeat(300) }],
])('MCP-02: %s is no message', (_, body) => {
  expect(readMessage(body)).toBeUndefined()
})

test('a message is read as it is', () => {
  expect(readMessage({ jsonrpc: '2.0', id: 'a', method: 'ping' })).toEqual({ id: 'a', method: 'ping', params: {} })
  expect(readMessage({ jsonrpc: '2.0', method: 'notifications/initialized' })).toEqual({ id: undefined, method: 'notifications/initialized', params: {} })
})

verifies(['CH-16', 'method_unclassified'], 'a method that nobody classified is refused, after the gates before it, and recorded', async () => {
  await using set = await stage()
  const token = await set.token('bot')
  for (const method of ['resources/list', 'prompts/get', 'completion/complete', 'tasks/get', 'subscriptions/listen', 'logging/setLevel', 'invented', '__proto__', 'notifications/initialized']) {
    const answer = await dispatch(set.portcullis, message(method), { token }, never)
    expect(answer).toMatchObject({ kind: 'refusal', error: { code: -32601, data: { gate: 'policy', code: 'method_unclassified', effect: 'none' } } })
    expect(await dispatch(set.portcullis, message(method), {}, never)).toMatchObject({ kind: 'refusal', status: 401, error: { data: { code: 'token_missing' } } })
  }
  expect(await logOf(set.portcullis)).toContain('method_unclassified')
})

verifies(['CH-15', 'tool_unknown'], 'unknown, invented and foreign names get the same bytes', async () => {
  await using set = await stage((world) => ({ ...world, tenants: { ...world.tenants, southridge: { ...world.tenants['southridge']!, instances: { psa: { ...world.tenants['southridge']!.instances['psa']!, alias: 'rivals' } } } } }))
  const token = await set.token('bot')
  const told = await Promise.all(['rivals.list', 'invented', 'psa.', '__proto__', 'PSA.list', 'psa.list '].map((name) => dispatch(set.portcullis, message('tools/call', { name, arguments: { id: 1 } }), { token }, never)))
  expect(new Set(told.map((answer) => JSON.stringify(answer))).size).toBe(1)
  expect(told[0]).toEqual({ kind: 'refusal', status: 200, headers: {}, error: { code: -32602, message: 'Unknown tool' } })
})

verifies('CH-14', 'a denial of a known tool is a result that says gate, code, remedy, effect and decision, and never has structured content', async () => {
  await using set = await stage()
  const answer = await dispatch(set.portcullis, message('tools/call', { name: 'psa.wipe', arguments: { id: 1 } }), { token: await set.token('viewer') }, never)
  expect(answer).toEqual({
    kind: 'result',
    result: {
      isError: true, content: [{ type: 'text', text: expect.stringMatching(/^Your role may not do this\. Ask .* \(code role_forbids, decision dec_[\w-]+\)$/) }],
      _meta: { 'dev.portcullis/denial': { gate: 'policy', code: 'role_forbids', message: 'Your role may not do this.', remedy: expect.any(String), effect: 'none', retryable: false, decisionId: expect.stringMatching(/^dec_/) } },
    },
  })
})

verifies(['CH-08', 'scope_forbids'], 'a scope that the caller may ask for is a 403 challenge; one that the credential lacks is a denial', async () => {
  await using set = await stage()
  const narrowed = await dispatch(set.portcullis, message('tools/call', { name: 'psa.close', arguments: { id: 1 } }), { token: await set.token('narrow', { scopes: ['tool:psa.list'] }) }, never)
  expect(narrowed).toMatchObject({ kind: 'refusal', status: 403, error: { code: -31403, data: { code: 'scope_forbids' } } })
  expect((narrowed as { headers: object }).headers).toEqual({ 'www-authenticate': 'Bearer error="insufficient_scope", scope="tool:psa.close", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource"' })
  const lacking = await dispatch(set.portcullis, message('tools/call', { name: 'psa.wipe', arguments: { id: 1 } }), { token: await set.token('narrow') }, never)
  expect(lacking).toMatchObject({ kind: 'result', result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'scope_forbids' } } } })
})

verifies('step_up_required', 'a stale second factor is a 403 with the challenge of RFC 9470, and no 401', async () => {
  await using set = await stage()
  const call = message('tools/call', { name: 'psa.export' })
  const stale = await dispatch(set.portcullis, call, { token: humanToken('op', 3_600) }, never)
  expect(stale).toMatchObject({ kind: 'refusal', status: 403, headers: { 'www-authenticate': expect.stringContaining('error="insufficient_user_authentication", max_age="900"') } })
  expect(await dispatch(set.portcullis, call, { token: humanToken('op') }, never)).toMatchObject({ kind: 'result', result: { structuredContent: {} } })
})

verifies(['AP-01', 'approval_required', 'approval_pending'], 'a held call is told with its approval id, and resumes by it', async () => {
  await using set = await stage()
  const asked = { token: await set.token('bot') }
  const ask = (params: object) => dispatch(set.portcullis, message('tools/call', { name: 'psa.wipe', ...params }), asked, never)
  const held = await ask({ arguments: { id: 1 } })
  const { approvalId } = (held as { result: { _meta: { 'dev.portcullis/denial': { approvalId: string } } } }).result._meta['dev.portcullis/denial']
  expect(held).toMatchObject({ kind: 'result', result: { isError: true, content: [{ text: expect.stringContaining(`approval ${approvalId}`) }], _meta: { 'dev.portcullis/denial': { code: 'approval_required', gate: 'approval' } } } })
  const resumed = { _meta: { 'dev.portcullis/approval': approvalId } }
  expect(await ask(resumed)).toMatchObject({ result: { _meta: { 'dev.portcullis/denial': { code: 'approval_pending', approvalId } } } })
  expect(await set.portcullis.approvals.vote({ token: humanToken('bo') }, approvalId, { decision: 'approve', reason: 'fine' })).toMatchObject({ kind: 'approval', state: 'granted' })
  expect(await ask(resumed)).toMatchObject({ kind: 'result', result: { structuredContent: {} } })
  expect(set.jobs.map(({ input }) => input)).toEqual([{ id: 1 }])
  for (const id of [1, null, {}, '', 'a'.repeat(300)]) expect(await ask({ _meta: { 'dev.portcullis/approval': id } })).toMatchObject({ kind: 'refusal', error: { code: -32602, data: { code: 'malformed' } } })
})

verifies(['CH-15', 'CH-09'], 'a list says of each tool what it may do and needs, in order, and the own calls only', async () => {
  await using set = await stage()
  const asked = { token: await set.token('narrow', { scopes: ['tool:psa.list'] }) }
  await dispatch(set.portcullis, message('tools/call', { name: 'psa.list' }), asked, never)
  const answer = await dispatch(set.portcullis, message('tools/list'), asked, never)
  expect(answer).toMatchObject({
    kind: 'result',
    result: {
      _meta: { 'dev.portcullis/calls': 1 },
      tools: [
        { name: 'psa.close', annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true }, _meta: { 'dev.portcullis/tool': { needsApproval: false, cure: 'scope_forbids' } } },
        { name: 'psa.list', annotations: { readOnlyHint: true, destructiveHint: false }, _meta: { 'dev.portcullis/tool': { needsApproval: false } }, inputSchema: { type: 'object' } },
      ],
    },
  })
  const [, list] = (answer as unknown as { result: { tools: { inputSchema: object }[] } }).result.tools
  expect(list?.inputSchema).toEqual({ type: 'object', properties: { note: { type: 'string', examples: ['x'] } }, additionalProperties: false }) // no Mcp-Param header is asked for
  expect(await dispatch(set.portcullis, message('tools/list', { cursor: 'x' }), asked, never)).toMatchObject({ kind: 'refusal', error: { code: -32602 } })
})

test('a fault is one fixed text, with what is known of its effect', async () => {
  await using set = await stage()
  const broken = { ...set.portcullis, url: set.portcullis.url, enforce: async () => ({ kind: 'fault', effect: 'unknown', decisionId: 'dec_1' }) as const }
  expect(await dispatch(broken, message('tools/call', { name: 'x' }), {}, never)).toEqual({ kind: 'refusal', status: 200, headers: {}, error: { code: -32603, message: 'Internal error', data: { effect: 'unknown', retryable: false, decisionId: 'dec_1' } } })
})

verifies('shed', 'floods are told to wait, over HTTP', async () => {
  await using set = await stage()
  const token = await set.token('bot')
  const answers = await Promise.all(Array.from({ length: 700 }, () => dispatch(set.portcullis, message('tools/list'), { token }, never)))
  expect(answers.at(-1)).toMatchObject({ kind: 'refusal', status: 429, headers: { 'retry-after': '60' }, error: { data: { code: 'shed', retryable: true } } })
})
