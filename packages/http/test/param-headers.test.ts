import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes, served } from './served.ts'

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} }
const encoded = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`

test('MCP-01: arguments are in the body alone: whatever Mcp-Param headers say, true, false or malformed, the answer is the same bytes', async () => {
  await using set = await served()
  const token = await set.token('bot')
  const ask = async (headers: Record<string, string>): Promise<string> => {
    const params = { name: 'psa.list', arguments: { note: 'mine' }, _meta: META }
    return bytes(await set.rpc('/mcp', token, 'tools/call', params, { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'psa.list', ...headers }))
  }
  const without = await ask({})
  expect(without).toContain('mine')
  const text = fc.string({ unit: fc.constantFrom(...'abcXYZ019=?+/ -_'), maxLength: 40 }).map((value) => value.trim())
  const value = fc.oneof(text, text.map(encoded), text.map((plain) => `=?base64?${plain}`), fc.constantFrom('mine', encoded('mine'), '=?base64?bWluZQ?=', '=?base64?bWluZQ', '=?BASE64?bWluZQ==?=', '', '007'))
  const name = fc.constantFrom('mcp-param-note', 'Mcp-Param-Note', 'mcp-param-customer', 'mcp-param-tenant', 'mcp-param-id', 'mcp-param-')
  await fc.assert(fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 3 }), async (headers) => {
    expect(await ask(headers)).toBe(without)
  }), { numRuns: 60 })
  for (const job of set.jobs) expect(job.input).toEqual({ note: 'mine' })
})

test('MCP-01: no list asks a client to repeat an argument in a header', async () => {
  await using set = await served()
  expect(await (await set.rpc('/mcp', await set.token('bot'), 'tools/list')).text()).not.toContain('x-mcp-header')
})
