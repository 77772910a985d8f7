import { inspect } from 'node:util'
import { expect, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { connect, connectFirst } from '../../../express/test/official-clients.ts'
import { humanToken, logOf } from '../../../mcp/test/world.ts'
import { rpc, served, type Binding } from './binding.ts'

type Result = { _meta?: Record<string, unknown> | undefined }
const denialOf = (result: object) => (result as Result)._meta?.['dev.portcullis/denial'] as { code: string; decisionId: string; approvalId?: string }
const MODERN = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} }

/** Whole calls, as the official clients make them, and their end. */
export function callLaws({ line, serve }: Binding): void {
  const eras = line === 'v2' ? (['legacy', 'modern'] as const) : (['legacy'] as const)
  for (const era of eras) {
    verifies(['EM-01', 'IS-03'], `TEN-11: the official client lists and calls, sees its customer only, and is told to share no list (${era})`, async () => {
      await using set = await served(serve)
      const client = await connect(set.origin, await set.token('bot'), era)
      const { tools, _meta, ...rest } = await client.listTools()
      expect(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint, annotations?.destructiveHint])).toEqual([['psa.close', false, false], ['psa.list', true, false], ['psa.wipe', false, true]])
      expect(_meta).toMatchObject({ 'dev.portcullis/calls': 0 })
      if (era === 'modern') expect(rest).toMatchObject({ ttlMs: 5_000, cacheScope: 'private' })
      const result = await client.callTool({ name: 'psa.list', arguments: {} })
      expect(result.structuredContent).toEqual({ tickets: [{ id: 1, client_id: 10, summary: 'mine' }] })
      expect(result.content).toEqual([{ type: 'text', text: JSON.stringify(result.structuredContent) }])
      expect(set.jobs[0]?.signal.aborted).toBe(false) // an answer in time aborts nothing
      if (era === 'legacy') expect(await client.ping()).toEqual({})
      await client.close()
    })

    verifies(['CH-14', 'customer_out_of_scope'], `a denial reaches the client whole, also of a tool with an output schema (${era})`, async () => {
      await using set = await served(serve)
      const client = await connect(set.origin, await set.token('bot'), era)
      await client.listTools() // from here on the client checks results against the output schemas
      const denied = await client.callTool({ name: 'psa.close', arguments: { id: 2 } })
      expect(denied).toMatchObject({ isError: true, content: [{ type: 'text', text: expect.stringContaining('code customer_out_of_scope') }] })
      expect(denied).not.toHaveProperty('structuredContent')
      expect(denialOf(denied)).toMatchObject({ gate: 'policy', code: 'customer_out_of_scope', effect: 'none', decisionId: expect.stringMatching(/^dec_/) })
      expect(denialOf(await client.callTool({ name: 'psa.wipe', arguments: { id: 1 } }))).toMatchObject({ code: 'approval_required', approvalId: expect.stringMatching(/^apr_/) })
      expect(set.jobs).toEqual([])
      await client.close()
    })

    verifies(['CH-15', 'tool_unknown'], `a tool that the caller may not know is one that does not exist, and no token does not get in (${era})`, async () => {
      await using set = await served(serve)
      const client = await connect(set.origin, await set.token('rival'), era)
      const errors = await Promise.all(['psa.invented', 'northwind', 'halo.list'].map((name) => client.callTool({ name, arguments: {} }).catch((error: unknown) => error)))
      for (const error of errors) expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('Unknown tool') })
      expect(new Set(errors.map((error) => JSON.stringify([(error as Error).message, (error as { data?: unknown }).data]))).size).toBe(1)
      await client.close()
      await expect(connect(set.origin, 'x.y.z', era)).rejects.toThrow(/401|authoriz|token_invalid/i)
    })

    verifies(['scope_forbids', 'step_up_required'], `a better token is asked for in a way that clients end with (${era})`, async () => {
      await using set = await served(serve)
      const narrow = await connect(set.origin, await set.token('narrow', { scopes: ['tool:psa.list'] }), era)
      await expect(narrow.callTool({ name: 'psa.close', arguments: { id: 1 } })).rejects.toMatchObject({ requiredScope: 'tool:psa.close' })
      const stale = await connect(set.origin, humanToken('op', 3_600), era)
      expect((await stale.listTools()).tools.find(({ name }) => name === 'psa.export')?._meta).toEqual({ 'dev.portcullis/tool': { needsApproval: false, cure: 'step_up_required' } })
      await expect(stale.callTool({ name: 'psa.export', arguments: {} })).rejects.toThrow('step_up_required')
      expect(set.jobs).toEqual([])
      await Promise.all([narrow.close(), stale.close()])
    })

    verifies('cancelled', `MCP-04: a client that goes away cancels its call (${era})`, async () => {
      await using set = await served(serve)
      const started = Promise.withResolvers<void>()
      const finished = Promise.withResolvers<void>()
      set.answer = ({ signal }) => new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve({ kind: 'not_sent', code: 'cancelled' })
          finished.resolve()
        })
        started.resolve()
      })
      const gone = new AbortController()
      const modern = era === 'modern' ? { headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'psa.list' } } : {}
      const asked = rpc(set.origin, await set.token('bot'), 'tools/call', { name: 'psa.list', ...(era === 'modern' ? { _meta: MODERN } : {}) }, { ...modern, signal: gone.signal })
      await started.promise
      expect(set.jobs[0]?.signal.aborted).toBe(false)
      gone.abort()
      await expect(asked).rejects.toThrow('abort')
      await finished.promise
      await vi.waitFor(async () => expect((await logOf(set.portcullis)).match(/"code":"cancelled"/g)).toHaveLength(1))
      expect(set.warnings.filter((warning) => !Array.isArray(warning))).toEqual([])
    })
  }

  verifies(['EM-01', 'CH-14'], 'the client of the first SDK line gets results, denials and holds whole', async () => {
    await using set = await served(serve)
    const client = await connectFirst(set.origin, await set.token('bot'))
    const { tools } = await client.listTools()
    expect(tools.every(({ outputSchema }) => outputSchema !== undefined)).toBe(true)
    const denied = await client.callTool({ name: 'psa.close', arguments: { id: 2 } })
    expect(denied).toMatchObject({ isError: true, content: [{ type: 'text', text: expect.stringContaining('code customer_out_of_scope') }] })
    expect(denialOf(denied)).toMatchObject({ gate: 'policy', code: 'customer_out_of_scope', effect: 'none' })
    expect(denialOf(await client.callTool({ name: 'psa.wipe', arguments: { id: 1 } }))).toMatchObject({ code: 'approval_required', approvalId: expect.stringMatching(/^apr_/) })
    expect(await client.callTool({ name: 'psa.list', arguments: {} })).toMatchObject({ structuredContent: { tickets: [{ summary: 'mine' }] }, _meta: { 'dev.portcullis/decision': expect.stringMatching(/^dec_/) } })
    await expect(client.callTool({ name: 'psa.invented', arguments: {} })).rejects.toMatchObject({ code: -32602 })
    await client.close()
  })

  verifies('IS-01', 'TEN-10: two tenants and two customers, interleaved on one server, never meet', async () => {
    await using set = await served(serve)
    set.answer = async ({ tenant }) => ({ kind: 'succeeded', value: { tickets: [{ id: 1, client_id: 10, summary: `${tenant} 10` }, { id: 2, client_id: 20, summary: `${tenant} 20` }] } })
    const admin = await set.token('admin')
    const callers = [[await set.token('bot'), '/mcp', 'northwind 10'], [await set.token('rival'), '/mcp', 'southridge 20'], [admin, '/mcp/customers/globex', 'northwind 20'], [admin, '/mcp/customers/acme', 'northwind 10']] as const
    await Promise.all(Array.from({ length: 25 }, (_, id) => callers.map(async ([token, path, expected]) => {
      const answer = await (await rpc(set.origin, token, 'tools/call', { name: 'psa.list' }, { path, id })).json()
      expect(answer).toMatchObject({ id, result: { structuredContent: { tickets: [{ summary: expected }] } } })
    })).flat())
    expect(set.jobs).toHaveLength(100)
  })

  verifies('SE-03', 'AUT-16, SEC-05: the token and the vendor credential are in no answer, job, warning or log', async () => {
    await using set = await served(serve)
    const token = await set.token('bot')
    set.answer = async ({ tool }) => {
      if (tool.name === 'list') throw new Error('a vendor that fails')
      return { kind: 'succeeded', value: {} }
    }
    const call = async (method: string, params?: object) => (await rpc(set.origin, token, method, params)).text()
    const seen: unknown[] = [await call('tools/list'), await call('tools/call', { name: 'psa.list' }), await call('tools/call', { name: 'psa.close', arguments: { id: 1 } }), await call('tools/call', { name: 'psa.wipe', arguments: { id: 1 } })]
    seen.push(set.jobs.map(({ credential: _, ...job }) => Object.entries(job).map(([name, value]) => [name, typeof value === 'object' ? Object.keys(value ?? {}) : value])))
    seen.push(await logOf(set.portcullis))
    const everything = JSON.stringify(seen)
    expect(everything).toContain('dec_')
    const signature = token.split('.')[2]!
    for (const secret of [token, signature, 'vendor-key-12345678', 'a vendor that fails']) expect(everything).not.toContain(secret)
    expect(inspect(set.warnings, { depth: 10 })).not.toContain(signature)
    expect(set.warnings).not.toEqual([])
  })
}
