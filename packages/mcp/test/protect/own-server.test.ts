import { describe, expect, test } from 'vitest'
import type { ToolRun } from '@portcullis/core'
import { verifies } from '@portcullis/test-support'
import { ownServer } from '../../src/own-server.ts'
import { continueWith } from '../../src/protect/continuations.ts'

const callWith = (signal: AbortSignal): ToolRun => ({ input: {}, customer: undefined, vendor: undefined as never, signal, callId: 'dec_1' })

describe('the connector of a server that somebody already wrote', () => {
  test('has one target for each name of the table', () => {
    const { id, tools } = ownServer({ tools: { list: 'read', wipe: { risk: 'destructive', sensitive: true, tasks: true } }, resources: ['file:///a'], templates: ['file:///{x}'], prompts: '*', completions: ['prompt:greet'], subscriptions: '*' })
    expect(id).toBe('self')
    expect(Array.from(tools.values(), ({ name, risk, sensitive }) => [name, risk, sensitive])).toEqual([
      ['list', 'read', false], ['wipe', 'destructive', true], ['task:wipe', 'read', true], ['prompt:*', 'read', false], ['resource:file:///a', 'read', false],
      ['template:file:///{x}', 'read', false], ['completion:prompt:greet', 'read', false], ['subscription:*', 'read', false],
    ])
  })

  test('takes any plain object for arguments: the server checks its own', () => {
    const { tools } = ownServer({ tools: { list: 'read' } })
    expect(tools.get('list')?.input.safeParse({ a: [1, { b: null }] })).toEqual({ success: true, data: { a: [1, { b: null }] } })
    expect(tools.get('list')?.input.safeParse('x').success).toBe(false)
  })

  test.each([
    [{ tools: { 'has space': 'read' } }, 'is no tool name'],
    [{ tools: { 'naïve': 'read' } }, 'is no tool name'],
    [{ tools: { '*': 'read' } }, 'one by one'],
    [{ tools: { '*': 'withheld' } }, 'one by one'],
    [{ prompts: ['a"b'] }, 'is no prompt name'],
    [{ prompts: ['*'] }, "write '*' instead of a list"],
    [{ templates: ['file:///{+path}'] }, "classify templates as '*'"],
    [{ templates: ['file:///{a}{b}'] }, 'two variables in one segment'],
  ] as const)('%j is refused with a sentence', (table, sentence) => {
    expect(() => ownServer(table)).toThrow(sentence)
    expect(() => ownServer(table)).toThrow(expect.objectContaining({ code: 'connector_invalid' }))
  })

  verifies('CH-11', 'runs the handler of the very call, once, and nothing without one', async () => {
    const { tools } = ownServer({ tools: { list: 'read' } })
    const { signal } = new AbortController()
    const run = async () => tools.get('list')?.run(callWith(signal))
    await expect(run()).rejects.toThrow(expect.objectContaining({ code: 'server_unguarded' }))
    continueWith(signal, async ({ callId }) => ({ content: [], callId }))
    expect(await run()).toEqual({ content: [], callId: 'dec_1' })
    await expect(run()).rejects.toThrow(expect.objectContaining({ code: 'server_unguarded' }))
  })
})
