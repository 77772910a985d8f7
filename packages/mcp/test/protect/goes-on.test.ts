import { describe, expect, test } from 'vitest'
import type { TargetKind, ToolRun } from '@portcullis/core'
import { verifies } from '@portcullis/test-support'
import { answerOf, requestFor } from '../../src/protect/goes-on.ts'

const CLASS = { risk: 'write', tasks: false } as const
const judged = (input: object): ToolRun => ({ input, customer: undefined, vendor: undefined as never, signal: new AbortController().signal, callId: 'dec_1' })

describe('the request that goes on', () => {
  verifies('AP-01', 'carries the arguments that were judged and approved, not those that came in', () => {
    const came = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'pay', arguments: { to: 'mallory' }, _meta: { progressToken: 'p' } } }
    expect(requestFor(came, 'tool', judged({ to: 'alice' }), CLASS)).toEqual({ ...came, params: { ...came.params, arguments: { to: 'alice' } } })
    expect(requestFor({ ...came, params: { name: 'pay' } }, 'tool', judged({ to: 'alice' }), CLASS)).toMatchObject({ params: { name: 'pay', arguments: { to: 'alice' } } })
    expect(requestFor({ ...came, params: { name: 'pay' } }, 'tool', judged({}), CLASS)).toEqual({ ...came, params: { name: 'pay' } })
  })

  verifies('AP-01', 'carries nothing that no gate judged: other params, other names in _meta, other members', () => {
    const beside = { target: 'prod', force: true, inputResponses: { confirm: { action: 'accept' } }, requestState: 's', task: { ttl: 1 }, _meta: { force: true, progressToken: 7, 'vendor/dry-run': false } }
    const _meta = { progressToken: 7 }
    const on = (target: TargetKind, params: object, input: object, tasks = false): unknown =>
      requestFor({ jsonrpc: '2.0', id: 1, method: 'm', force: true, params: { ...beside, ...params } }, target, judged(input), { ...CLASS, tasks })
    const sent = (params: object): unknown => ({ jsonrpc: '2.0', id: 1, method: 'm', params: { ...params, _meta } })
    for (const target of ['tool', 'prompt'] as const) expect(on(target, { name: 'pay', arguments: {} }, { to: 'alice' }, target === 'prompt')).toEqual(sent({ name: 'pay', arguments: { to: 'alice' } }))
    expect(on('tool', { name: 'pay' }, { to: 'alice' }, true)).toEqual(sent({ name: 'pay', arguments: { to: 'alice' }, task: { ttl: 1 } }))
    for (const target of ['resource', 'template'] as const) expect(on(target, { uri: 'file:///b' }, { uri: 'file:///a' })).toEqual(sent({ uri: 'file:///a' }))
    expect(on('completion', { ref: { type: 'ref/prompt', name: 'greet', uri: 'x' } }, { argument: 'a', value: 'b' })).toEqual(sent({ ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'a', value: 'b' } }))
    expect(on('task', { taskId: 'b' }, { taskId: 'a' })).toEqual(sent({ taskId: 'a' }))
    expect(on('subscription', { uri: 'file:///a' }, {})).toEqual(sent({ uri: 'file:///a' }))
  })

  test('is a copy: a handler that writes into its arguments changes nothing that is recorded', () => {
    const input = { to: ['alice'] }
    const { params } = requestFor({}, 'tool', judged(input), CLASS) as { params: { arguments: typeof input } }
    params.arguments.to.push('mallory')
    expect(input).toEqual({ to: ['alice'] })
  })

  test('has one form for each target', () => {
    expect(requestFor({ params: { uri: 'file:///b' } }, 'resource', judged({ uri: 'file:///a' }), CLASS)).toEqual({ params: { uri: 'file:///a' } })
    expect(requestFor({ params: { ref: { type: 'ref/resource', uri: 'x' }, argument: { name: 'x', value: 'y' } } }, 'completion', judged({ argument: 'a', value: 'b', context: { c: 'd' } }), CLASS)).toEqual({ params: { ref: { type: 'ref/resource', uri: 'x' }, argument: { name: 'a', value: 'b' }, context: { arguments: { c: 'd' } } } })
    expect(requestFor({ params: { taskId: 'x' } }, 'task', judged({ method: 'tasks/get', taskId: 'a' }), CLASS)).toEqual({ params: { taskId: 'a' } })
    expect(requestFor({ params: { name: 'slow', task: { ttl: 1 } } }, 'tool', judged({}), CLASS)).toEqual({ params: { name: 'slow' } })
    expect(requestFor({ params: { name: 'slow', task: { ttl: 1 } } }, 'tool', judged({}), { ...CLASS, tasks: true })).toEqual({ params: { name: 'slow', task: { ttl: 1 } } })
  })
})

test('an answer is plain, and a question hands its state over to be sealed', () => {
  expect(answerOf({ content: [{ type: 'text', text: 'x', annotations: undefined }], [Symbol('hint')]: 1 })).toEqual({ content: [{ type: 'text', text: 'x' }] })
  expect(answerOf(undefined)).toEqual({})
  expect(answerOf({ resultType: 'input_required', inputRequests: { a: { method: 'roots/list' } }, requestState: 's', more: 1 })).toEqual({ resultType: 'input_required', inputRequests: { a: { method: 'roots/list' } }, state: 's' })
})
