import { describe, expect, test } from 'vitest'
import type { ToolRun } from '@portcullis/core'
import { verifies } from '@portcullis/test-support'
import { answerOf, requestFor } from '../../src/protect/goes-on.ts'

const CLASS = { risk: 'write', tasks: false } as const
const judged = (input: object): ToolRun => ({ input, customer: undefined, vendor: undefined as never, signal: new AbortController().signal, callId: 'dec_1' })

describe('the request that goes on', () => {
  verifies('AP-01', 'carries the arguments that were judged and approved, not those that came in', () => {
    const came = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'pay', arguments: { to: 'mallory' }, _meta: { a: 1 } } }
    expect(requestFor(came, 'tool', judged({ to: 'alice' }), CLASS)).toEqual({ ...came, params: { ...came.params, arguments: { to: 'alice' } } })
    expect(requestFor({ ...came, params: { name: 'pay' } }, 'tool', judged({ to: 'alice' }), CLASS)).toMatchObject({ params: { name: 'pay', arguments: { to: 'alice' } } })
    expect(requestFor({ ...came, params: { name: 'pay' } }, 'tool', judged({}), CLASS)).toEqual({ ...came, params: { name: 'pay' } })
  })

  test('is a copy: a handler that writes into its arguments changes nothing that is recorded', () => {
    const input = { to: ['alice'] }
    const { params } = requestFor({}, 'tool', judged(input), CLASS) as { params: { arguments: typeof input } }
    params.arguments.to.push('mallory')
    expect(input).toEqual({ to: ['alice'] })
  })

  test('has one form for each target', () => {
    expect(requestFor({ params: { uri: 'file:///b' } }, 'resource', judged({ uri: 'file:///a' }), CLASS)).toEqual({ params: { uri: 'file:///a' } })
    expect(requestFor({ params: { ref: 1, argument: { name: 'x', value: 'y' } } }, 'completion', judged({ argument: 'a', value: 'b', context: { c: 'd' } }), CLASS)).toEqual({ params: { ref: 1, argument: { name: 'a', value: 'b' }, context: { arguments: { c: 'd' } } } })
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
