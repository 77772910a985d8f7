import { describe, expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import type { Request as Asked } from '@portcullis/core'
import { errorIn } from '../src/fixed-words.ts'
import { LINES, type MakeHost } from './lines.ts'
import { logOf, stage, url } from './world.ts'

const MARK = 'c4n4ry'
const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} }
const MODERN = { 'mcp-protocol-version': '2026-07-28' }
const ACCEPT = { accept: 'application/json, text/event-stream' }

async function hostedOn(mcpHost: MakeHost) {
  const set = await stage()
  const host = mcpHost(set.portcullis, { sessions: {} })
  const send = (asked: Asked, body: object, headers: Record<string, string> = {}) =>
    host.fetch(new Request(`${url}/mcp`, { method: 'POST', headers: { 'content-type': 'application/json', ...ACCEPT, ...headers } }), { body: { jsonrpc: '2.0', id: 1, ...body }, request: asked })
  return Object.assign(set, { host, send })
}

/** Messages that the SDK refuses: for their headers, their envelope or their params. */
const FLAWED: readonly (readonly [string, object, Record<string, string>])[] = [
  ['another method in the header', { method: 'tools/call', params: { name: 'psa.list', _meta: META } }, { ...MODERN, 'mcp-method': `tools/${MARK}`, 'mcp-name': 'psa.list' }],
  ['another name in the header', { method: 'tools/call', params: { name: 'psa.list', _meta: META } }, { ...MODERN, 'mcp-method': 'tools/call', 'mcp-name': MARK }],
  ['another version in the header', { method: 'tools/list', params: { _meta: META } }, { 'mcp-protocol-version': MARK, 'mcp-method': 'tools/list' }],
  ['an envelope of another form', { method: 'tools/list', params: { _meta: { ...META, 'io.modelcontextprotocol/clientInfo': { [MARK]: 1 } } } }, { ...MODERN, 'mcp-method': 'tools/list' }],
  ['no envelope', { method: 'tools/list' }, MODERN],
  ['params of another form', { method: 'tools/call', params: { name: { [MARK]: 1 } } }, {}],
  ['params of another form', { method: 'tools/list', params: { cursor: { [MARK]: 1 } } }, {}],
  ['a media type that it does not send', { method: 'tools/list' }, { accept: MARK }],
]

describe.each(LINES)('on $line', ({ line, mcpHost }) => {
  const hosted = () => hostedOn(mcpHost)

  verifies(['CH-01', 'CH-02', 'tenant_mismatch'], 'gates 1 and 2 answer before anybody says what is wrong with a message', async () => {
    await using set = await hosted()
    const token = await set.token('bot')
    for (const [what, body, headers] of FLAWED) {
      const [missing, invalid, crossing] = [await set.send({}, body, headers), await set.send({ token: 'x.y.z' }, body, headers), await set.send({ token, tenantsNamed: ['southridge'] }, body, headers)]
      expect([missing.status, await missing.json()], what).toMatchObject([401, { id: 1, error: { data: { code: 'token_missing' } } }])
      expect([invalid.status, await invalid.json()], what).toMatchObject([401, { error: { data: { code: 'token_invalid' } } }])
      expect(await crossing.json(), what).toMatchObject({ error: { data: { code: 'tenant_mismatch' } } })
    }
    expect((await logOf(set.portcullis)).match(/"code":"tenant_mismatch"/g)?.length).toBeGreaterThan(0)
    expect(set.jobs).toEqual([])
  })

  test('MCP-01, MCP-05: what the SDK refuses has a standard code and fixed words, and repeats nothing that was sent', async () => {
    await using set = await hosted()
    const asked = { token: await set.token('bot') }
    const codes: number[] = []
    for (const [what, body, headers] of FLAWED) {
      const response = await set.send(asked, body, headers)
      const text = await response.text()
      expect(text, what).not.toContain(MARK)
      const { error } = JSON.parse(text) as { error: { code: number; message: string; data?: { code?: string } } }
      if (error.data?.code === undefined) expect(error.message, what).toMatch(/^[A-Z][a-z]+(?: [a-z]+)*(?:: accept application\/json and text\/event-stream)?$/)
      codes.push(error.code)
    }
    expect(codes.slice(0, 3)).toEqual(line === 'v2' ? [-32020, -32020, -32020] : [-32022, -32022, -32022])
    expect(set.jobs).toEqual([])
  })

  test('MCP-05: in a session, and for its stream and its end, there are fixed words too', async () => {
    await using set = await hosted()
    const asked = { token: await set.token('bot') }
    const begun = await set.send(asked, { method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } })
    const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' }
    for (const [body, headers] of [
      [{ method: 'tools/call', params: { name: { [MARK]: 1 } } }, {}], [{ method: 'logging/setLevel', params: { level: MARK } }, {}], [{ method: 'tools/list' }, { 'mcp-protocol-version': MARK }], [{ method: 'tools/list' }, { accept: MARK }],
      [{ method: 'initialize', params: { protocolVersion: MARK, capabilities: {}, clientInfo: { name: MARK, version: '1' } } }, {}],
    ] as const) {
      const text = await (await set.send(asked, body, { ...session, ...headers })).text()
      expect(text).toContain('"error"')
      expect(text).not.toContain(MARK)
      expect(text).not.toMatch(/invalid_|expected|zod|Bad Request/)
    }
    const manage = async (headers: Record<string, string>) => (await set.host.fetch(new Request(`${url}/mcp`, { method: 'GET', headers: { ...session, ...headers } }), { request: asked })).text()
    expect(await manage({ accept: MARK })).toContain('Not acceptable')
    expect(await manage({ accept: 'text/event-stream', 'mcp-protocol-version': MARK })).not.toContain(MARK)
  })
})

test('of a version that is not spoken, what there is and a name that is one', () => {
  const refused = (requested: unknown) => JSON.parse(errorIn(JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32022, message: MARK, data: { supported: ['2026-07-28'], requested, more: MARK } } }), 400) ?? '') as object
  expect(refused('1999-01-01')).toEqual({ jsonrpc: '2.0', id: 1, error: { code: -32022, message: 'Unsupported protocol version', data: { supported: ['2026-07-28'], requested: '1999-01-01' } } })
  for (const hostile of ['<script>', 'a b', 'x'.repeat(65), 1, {}]) expect(refused(hostile)).toEqual({ jsonrpc: '2.0', id: 1, error: { code: -32022, message: 'Unsupported protocol version', data: { supported: ['2026-07-28'] } } })
  expect(errorIn('{"jsonrpc":"2.0","id":1,"result":{}}', 200)).toBeUndefined()
  expect(errorIn('no json', 500)).toBe('{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"Internal error"}}')
})
