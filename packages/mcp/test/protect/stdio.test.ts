import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { serveStdio as serveFloorStdio } from 'server-floor/stdio'
import { describe, expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { protect } from '../../src/index.ts'
import { existing, seen, table } from './existing.ts'
import { LINES, Wire, type Line } from './lines.ts'
import { tenants } from './tenants.ts'

const MODERN = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' } } }
const HELLO = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }
const [sdk, sdkFloor, server, serverFloor] = LINES as readonly [Line, Line, Line, Line]

type Make = () => { connect(wire: never): Promise<void> }
const connected = async (make: Make, wire: Wire): Promise<void> => make().connect(wire as never)
const served = (serve: typeof serveStdio) => async (make: Make, wire: Wire): Promise<void> => void serve(make as never, { transport: wire as never })

/** One process, one client, one line. Messages bring nothing with them. */
const PROCESSES = [
  { name: 'sdk', line: sdk, begin: connected, envelope: {}, hello: 'initialize' },
  { name: 'sdk-floor', line: sdkFloor, begin: connected, envelope: {}, hello: 'initialize' },
  { name: 'server, 2025', line: server, begin: served(serveStdio), envelope: {}, hello: 'initialize' },
  { name: 'server, 2026', line: server, begin: served(serveStdio), envelope: MODERN, hello: 'server/discover' },
  { name: 'server-floor, 2026', line: serverFloor, begin: served(serveFloorStdio as never), envelope: MODERN, hello: 'server/discover' },
] as const

describe.each(PROCESSES)('a process of $name', ({ line, begin, envelope, hello }) => {
  async function staged(token: (tokens: Record<string, string>) => Parameters<typeof protect>[2]) {
    const set = await tenants(table())
    const what = seen()
    const wire = new Wire()
    await begin(protect(set.portcullis, () => existing(line, what) as never, token(set.token)) as never, wire)
    return { ...set, ...what, wire, ask: (method: string, params: object = {}, extra: object = {}) => wire.ask(method, { ...params, ...envelope }, extra) }
  }

  verifies('EM-01', 'acts for whoever started it, by the token that it was given', async () => {
    await using set = await staged(({ operator }) => ({ token: operator }))
    expect(await set.ask(hello, HELLO)).toHaveProperty('result')
    expect(await set.ask('tools/list')).toMatchObject({ result: { tools: [{ name: 'close' }, { name: 'list' }, { name: 'whoami' }, { name: 'wipe' }] } })
    const { result } = (await set.ask('tools/call', { name: 'whoami' })) as { result: { content: [{ text: string }] } }
    expect(JSON.parse(result.content[0].text)).toMatchObject({ tenant: 'northwind', principal: 'operator' })
    expect(await set.ask('tools/call', { name: 'dump' })).toMatchObject({ error: { code: -32602, message: 'Unknown tool' } })
    expect(JSON.stringify(set.contexts.map((context) => Object.values(context as object)))).not.toContain(set.token.operator)
  })

  verifies(['EM-01', 'token_missing'], 'refuses everything without one, from its first word', async () => {
    for (const options of [{}, { token: '' }, { token: () => undefined }, { token: async () => undefined }] as const) {
      await using set = await staged(() => options)
      expect(await set.ask(hello, HELLO)).toMatchObject({ error: { code: -31403, data: { gate: 'authenticate' } } })
      for (const [method, params] of [['tools/list', {}], ['tools/call', { name: 'list', arguments: {} }]] as const) expect(await set.ask(method, params)).toMatchObject({ error: { code: -31403 } })
      expect(set.ran).toEqual([])
    }
  })
})

verifies('CH-01', 'a request over HTTP never borrows the token of the process', async () => {
  for (const line of LINES) {
    await using set = await tenants(table())
    const wire = new Wire()
    await connected(protect(set.portcullis, () => existing(line, seen()) as never, { token: set.token.admin }) as never, wire)
    const headers = { accept: 'application/json' }
    for (const extra of [{ requestInfo: { headers } , request: new Request('http://127.0.0.1:1/mcp', { headers }) }, { authInfo: { clientId: 'c', scopes: [] } }]) {
      expect(await wire.ask('tools/list', {}, extra)).toMatchObject({ error: { code: -31403, data: { code: 'token_missing' } } })
    }
    expect(await wire.ask('tools/list')).toHaveProperty('result')
  }
})

verifies('CH-16', 'MCP-06: trap: subscriptions/listen on stdio is answered by the entry, and tells nothing', async () => {
  await using set = await tenants(table())
  const wire = new Wire()
  let made: ReturnType<typeof existing> | undefined
  serveStdio(protect(set.portcullis, () => (made = existing(server, seen())) as never, { token: set.token.admin }) as never, { transport: wire as never })
  await wire.ask('server/discover', MODERN)
  wire.onmessage?.({ jsonrpc: '2.0', id: 'stream', method: 'subscriptions/listen', params: { ...MODERN, notifications: { toolsListChanged: true, resourcesListChanged: true, resourceSubscriptions: ['file:///secret'] } } })
  expect(await wire.ask('tools/list', MODERN)).toHaveProperty('result')
  made!.sendToolListChanged()
  await made!.server.sendResourceUpdated({ uri: 'file:///secret' })
  expect(await wire.ask('tools/list', MODERN)).toHaveProperty('result')
  expect(wire.sent.filter(({ method }) => method !== undefined)).toMatchObject([{ method: 'notifications/subscriptions/acknowledged', params: { notifications: {} } }])
})
