import { z } from 'zod'
import { describe, expect, test } from 'vitest'
import { defineConnector } from '@portcullis/core'
import { verifies } from '@portcullis/test-support'
import { ownServer, protect } from '../../src/index.ts'
import { existing, seen, table } from './existing.ts'
import { LINES, Wire, type Line } from './lines.ts'
import { tenants, type Tenants } from './tenants.ts'

const failing = (code: number) => () => { throw Object.assign(new Error('the database password is s3cr3t'), { code, data: { secret: 's3cr3t' } }) }

async function connected(set: Tenants, make: () => unknown) {
  const wire = new Wire('session')
  await (protect(set.portcullis, make as never)() as unknown as { connect(wire: never): Promise<void> }).connect(wire as never)
  return (method: string, params: object = {}) => wire.ask(method, params, { authInfo: { token: set.token.admin, clientId: 'c', scopes: [] } })
}

const low = (line: Line) => existing(line, seen())

describe.each(LINES)('answers of a protected server on $name', (line) => {
  verifies(['CH-11', 'connector_failed'], 'what a handler throws is told by its code, in our words, and nothing of its text', async () => {
    await using set = await tenants(table())
    const server = low(line)
    const ask = await connected(set, () => server)
    for (const [code, told] of [[-32002, { code: line.name.startsWith('sdk') ? -32002 : -32602, message: 'Resource not found' }], // the second line knows one code for both
      [-32602, { code: -32602, message: 'Invalid params' }], [-32000, { code: -31403 }]] as const) {
      line.handle(server.server, 'resources/read', failing(code))
      const answer = await ask('resources/read', { uri: 'file:///a' })
      expect(answer).toMatchObject({ error: { ...told, data: { gate: 'dispatch', code: 'connector_failed', decisionId: expect.stringMatching(/^dec_/) } } })
      expect(JSON.stringify(answer)).not.toContain('s3cr3t')
    }
    line.handle(server.server, 'tools/call', failing(-32602))
    expect(await ask('tools/call', { name: 'list', arguments: {} })).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'connector_failed' } } } })
    line.handle(server.server, 'tools/list', failing(-32000))
    expect(await ask('tools/list')).toEqual({ jsonrpc: '2.0', id: 5, error: { code: -32603, message: 'Internal error', data: { effect: 'unknown', retryable: false } } })
  })

  verifies('connector_failed', 'what a write did before it threw nobody knows; a read did nothing', async () => {
    await using set = await tenants(table())
    const server = low(line)
    const ask = await connected(set, () => server)
    line.handle(server.server, 'tools/call', failing(-32000))
    for (const [name, effect] of [['close', 'unknown'], ['list', 'none']] as const) {
      const answer = await ask('tools/call', { name, arguments: {} })
      expect(answer).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'connector_failed', effect, retryable: false } } } })
      expect(JSON.stringify(answer)).not.toContain('connected system')
    }
    expect(await set.log()).toContain('"effect":"unknown"')
  })

  verifies('CH-11', 'of the capabilities that a handler says it needs, the names that MCP has leave, and nothing beside them', async () => {
    await using set = await tenants(table())
    const server = low(line)
    const ask = await connected(set, () => server)
    const needs = (requiredCapabilities: unknown) => line.handle(server.server, 'tools/call', () => { throw Object.assign(new Error('s3cr3t'), { code: -32021, data: { requiredCapabilities, more: 's3cr3t' } }) })
    needs({ elicitation: { form: { note: 's3cr3t' }, s3cr3t: {} }, sampling: { tools: 's3cr3t' }, roots: {}, 's3cr3t/extension': {}, experimental: { s3cr3t: {} }, extensions: { s3cr3t: {} } })
    const answer = await ask('tools/call', { name: 'list', arguments: {} })
    expect(answer['error']).toEqual({ code: -32021, message: 'Missing required client capability', data: { requiredCapabilities: { elicitation: { form: {} }, sampling: {}, roots: {} } } })
    for (const odd of [undefined, null, 's3cr3t', ['s3cr3t'], {}, { s3cr3t: {} }, { elicitation: 's3cr3t' }, { get elicitation() { throw new Error('s3cr3t') } }]) {
      needs(odd)
      const failed = await ask('tools/call', { name: 'list', arguments: {} })
      expect(failed).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'connector_failed' } } } })
      expect(JSON.stringify(failed)).not.toContain('s3cr3t')
    }
  })

  verifies('malformed', 'a URI of up to 2,048 characters comes to its handler', async () => {
    await using set = await tenants(ownServer({ resources: '*' }))
    const ask = await connected(set, () => low(line))
    const uri = `note:///${'n'.repeat(2_040)}`
    const answer = await ask('resources/read', { uri }) as { result?: { contents: object[] } }
    expect(answer.result?.contents[0]).toEqual({ uri, text: 'note' })
    expect(await ask('resources/read', { uri: `${uri}n` })).toMatchObject({ error: { code: -32602, data: { code: 'malformed' } } })
  })

  verifies('CH-15', 'a list that the server gives out in pages is one list; cursors that we did not give are refused', async () => {
    await using set = await tenants(table())
    const server = low(line)
    const pages: Record<string, [names: string[], next?: string]> = { first: [['wipe', 'dump'], 'second'], second: [['close', 'x'], 'third'], third: [['list']] }
    line.handle(server.server, 'tools/list', (request) => {
      const [names, nextCursor] = pages[(request as { params?: { cursor?: string } }).params?.cursor ?? 'first']!
      return { tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })), ...(nextCursor === undefined ? {} : { nextCursor }) }
    })
    const ask = await connected(set, () => server)
    const { result } = (await ask('tools/list')) as { result: { tools: { name: string }[]; nextCursor?: string } }
    expect(result.tools.map(({ name }) => name)).toEqual(['close', 'list', 'wipe'])
    expect(result.nextCursor).toBeUndefined()
    expect(await ask('tools/list', { cursor: 'second' })).toMatchObject({ error: { code: -32602, data: { code: 'malformed' } } })
    line.handle(server.server, 'tools/list', () => ({ tools: [], nextCursor: 'for ever' }))
    expect(await ask('tools/list')).toMatchObject({ error: { code: -32603, message: 'Internal error' } })
  })

  test('tools of other connectors stand beside the server\'s own, listed and called alike', async () => {
    const beside = defineConnector({
      id: 'psa', title: 'PSA', category: 'psa', settings: z.object({}), credential: z.object({ none: z.string() }), customer: z.number(), authorize: { type: 'api_key', header: 'x', value: () => 'k' },
      baseUrl: () => 'https://psa.example', hosts: () => ['psa.example'], records: {},
      tools: (tool) => ({ count: tool({ title: 'Count', description: 'Counts.', risk: 'read', scope: 'tenant', input: z.object({}), output: z.object({ count: z.number() }), run: async () => ({ count: 7 }) }) }),
    })
    await using set = await tenants(ownServer({ tools: { list: 'read' } }), { beside })
    const ask = await connected(set, () => low(line))
    expect(await ask('tools/list')).toMatchObject({ result: { tools: [{ name: 'beside.count', inputSchema: { type: 'object' } }, { name: 'list', description: 'Lists tickets.' }] } })
    expect(await ask('tools/call', { name: 'beside.count', arguments: {} })).toMatchObject({ result: { structuredContent: { count: 7 } } })
    expect(await ask('tools/call', { name: 'list', arguments: {} })).toMatchObject({ result: { content: [{ text: 't1' }] } })
  })
})
