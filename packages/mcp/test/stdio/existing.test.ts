import { describe, expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { serveStdio as serveV1 } from '../../src/v1/index.ts'
import { serveStdio as serveV2 } from '../../src/v2/index.ts'
import { existing, seen, table } from '../protect/existing.ts'
import { LINES, type Line } from '../protect/lines.ts'
import { tenants } from '../protect/tenants.ts'
import { talk } from './talk.ts'

const [sdk, , server] = LINES as readonly [Line, Line, Line, Line]
const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} }

describe.each([
  { name: 'v1', line: sdk, serve: serveV1, envelope: {} },
  { name: 'v2, 2025', line: server, serve: serveV2, envelope: {} },
  { name: 'v2, 2026', line: server, serve: serveV2, envelope: { _meta } },
])('a server that somebody already wrote, over stdio ($name)', ({ line, serve, envelope }) => {
  verifies(['EM-01', 'tool_unknown', 'role_forbids'], 'answers what the chain lets through, and hears of nothing else', async () => {
    await using set = await tenants(table())
    const what = seen()
    const options = { reach: 'tenant' as const, server: () => existing(line, what) as never }
    await using admin = talk(serve, set.portcullis, { ...options, token: set.token.admin })
    await using auditor = talk(serve, set.portcullis, { ...options, token: set.token.auditor })
    for (const client of [admin, auditor]) if (envelope._meta === undefined) await client.begin()
    const tools = await admin.ask('tools/list', envelope)
    expect(tools).toMatchObject({ result: { tools: [{ name: 'close' }, { name: 'list' }, { name: 'whoami' }, { name: 'wipe' }] } })
    const list = { name: 'list', arguments: { status: 'open' }, ...envelope }
    expect(await admin.ask('tools/call', list)).toMatchObject({ result: { structuredContent: { tickets: ['t1'] }, _meta: { 'dev.portcullis/decision': expect.stringMatching(/^dec_/) } } })
    expect(await auditor.ask('tools/call', list)).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'role_forbids' } } } })
    const [unclassified, invented] = [await admin.ask('tools/call', { name: 'dump', ...envelope }), await admin.ask('tools/call', { name: 'invented', ...envelope })]
    expect([unclassified.error, invented.error]).toEqual(Array.from({ length: 2 }, () => ({ code: -32602, message: 'Unknown tool' })))
    expect(what.ran).toEqual(['list open'])
  })
})
