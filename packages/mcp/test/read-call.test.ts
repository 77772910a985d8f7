import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { readCall } from '../src/read-call.ts'
import { headersOf } from '../src/stdio/as-posted.ts'

const of = (length: number): string => 'x'.repeat(length)

verifies('malformed', 'names have 256 characters and URIs 2,048, whatever names or locates what is asked for', () => {
  fc.assert(fc.property(fc.oneof(fc.integer({ min: 0, max: 2_100 }), fc.constantFrom(0, 1, 256, 257, 2_048, 2_049)), (length) => {
    const text = of(length)
    const isName = length > 0 && length <= 256
    const isUri = length > 0 && length <= 2_048
    for (const target of ['tool', 'prompt', 'task'] as const) expect(readCall(target, { name: text }) !== undefined).toBe(isName)
    for (const target of ['resource', 'template', 'subscription'] as const) expect(readCall(target, { uri: text })?.tool === text).toBe(isUri)
    const argument = { name: 'a', value: '' }
    expect(readCall('completion', { ref: { type: 'ref/prompt', name: text }, argument }) !== undefined).toBe(isName)
    expect(readCall('completion', { ref: { type: 'ref/resource', uri: text }, argument })?.tool === `template:${text}`).toBe(isUri)
  }), { examples: [[256], [257], [2_048], [2_049]] })
})

test('over stdio a long URI is repeated as a client would have, over HTTP, and a long name is not', () => {
  const named = (method: string, params: object) => headersOf({ id: 1, method, params: { ...params, _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } } }, undefined)['mcp-name']
  const inHeader = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`
  expect(named('resources/read', { uri: of(2_048) })).toBe(inHeader(of(2_048)))
  expect(named('resources/read', { uri: of(2_049) })).toBeUndefined()
  expect(named('tools/call', { name: of(256) })).toBe(inHeader(of(256)))
  expect(named('tools/call', { name: of(257) })).toBeUndefined()
})
