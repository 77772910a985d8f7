import { inputRequired } from '@modelcontextprotocol/server'
import { describe, expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { ownServer, protect } from '../../src/index.ts'
import { existing, seen } from './existing.ts'
import { clientOf, HOSTINGS, type AnyClient, type Fetch } from './hostings.ts'
import { tenants, type Account } from './tenants.ts'

const MODERN = HOSTINGS.find(({ name }) => name === 'server by its entry, 2026')!
const SESSIONS = HOSTINGS.find(({ name }) => name === 'server in sessions, 2025')!
const FORM = { message: 'Which?', requestedSchema: { type: 'object' as const, properties: { which: { type: 'string' as const } } } }

type Round = { readonly inputResponses?: Record<string, { content?: { which?: string } }>; requestState(): unknown }

/** Tools that ask in the way of the second line: by what they return. */
async function staged(hosting = MODERN) {
  const set = await tenants(ownServer({ tools: { pick: 'write', wipe2: 'destructive', models: 'read' } }))
  const rounds: unknown[] = []
  const asking = (name: string, request: object) => async (...sent: unknown[]) => {
    const { mcpReq } = sent.at(-1) as { mcpReq: Round }
    rounds.push([name, mcpReq.requestState(), mcpReq.inputResponses?.['which']?.content?.which])
    if (mcpReq.inputResponses !== undefined) return { content: [{ type: 'text', text: `picked ${String(mcpReq.inputResponses['which']?.content?.which)}` }] }
    return inputRequired({ inputRequests: { which: request as never }, requestState: 'the server\'s own' })
  }
  const fetch = hosting.host(protect(set.portcullis, () => existing(hosting.line, seen(), (server) => {
    server.registerTool('pick', {}, asking('pick', inputRequired.elicit(FORM)) as never)
    server.registerTool('wipe2', {}, asking('wipe2', inputRequired.elicit(FORM)) as never)
    server.registerTool('models', {}, asking('models', inputRequired.createMessage({ messages: [], maxTokens: 1 })) as never)
  }) as never))
  const answering = (client: AnyClient): void => (client as unknown as { setRequestHandler(method: string, handler: () => Promise<object>): void }).setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { which: 'B' } }))
  return { ...set, rounds, fetch, client: (account: Account) => clientOf(hosting, fetch, set.token[account], { elicitation: {} }, answering) }
}

/** One raw `tools/call` of 2026-07-28. */
async function call(fetch: Fetch, token: string, params: Record<string, unknown>, capabilities: object = { elicitation: {} }) {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': capabilities, 'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' } }
  const response = await fetch(new Request('http://127.0.0.1:1/mcp', {
    method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { arguments: {}, ...params, _meta } }),
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${token}`, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': String(params['name']) },
  }))
  return (await response.json()) as { result?: Record<string, unknown>; error?: { code: number; data: Record<string, unknown> } }
}

describe('questions of a server of 2026-07-28', () => {
  verifies(['CH-09', 'CH-12'], 'are rounds of one call: the whole chain each time, counted once, the server\'s own state sealed', async () => {
    await using set = await staged()
    const client = await set.client('admin')
    expect(await client.callTool({ name: 'pick', arguments: {} })).toMatchObject({ content: [{ text: 'picked B' }] })
    expect(set.rounds).toEqual([['pick', undefined, undefined], ['pick', 'the server\'s own', 'B']])
    expect(await set.portcullis.list({ token: set.token.admin, endpoint: { kind: 'tenant' } })).toMatchObject({ calls: 1 })
    const log = await set.log()
    expect(log).toContain('"continues":"dec_')
    expect(log).toContain('"status":"asked"')
    await client.close()
    const { result } = await call(set.fetch, set.token.admin, { name: 'pick' })
    expect(result).toMatchObject({ resultType: 'input_required', inputRequests: { which: { method: 'elicitation/create' } } })
    expect(String(result?.['requestState'])).not.toContain('own')
  })

  verifies('input_invalid', 'SES-02: a state is of its caller, call and bytes; the handler sees no other', async () => {
    await using set = await staged()
    const { result } = await call(set.fetch, set.token.admin, { name: 'pick' })
    const requestState = String(result?.['requestState'])
    set.rounds.splice(0)
    const inputResponses = { which: { action: 'accept', content: { which: 'B' } } }
    for (const [account, state, name] of [['operator', requestState, 'pick'], ['rival', requestState, 'pick'], ['admin', `${requestState}x`, 'pick'], ['admin', 'the server\'s own', 'pick'], ['admin', requestState, 'models']] as const) {
      expect(await call(set.fetch, set.token[account], { name, inputResponses, requestState: state })).toMatchObject({ error: { code: -32602, data: { code: 'input_invalid' } } })
    }
    expect(await call(set.fetch, set.token.auditor, { name: 'pick', inputResponses, requestState })).toMatchObject({ result: { isError: true } })
    expect(set.rounds).toEqual([])
    expect(await call(set.fetch, set.token.admin, { name: 'pick', inputResponses, requestState })).toMatchObject({ result: { content: [{ text: 'picked B' }] } })
  })

  verifies('CH-10', 'trap: the guard stands outside of the SDK\'s check, so it asks nobody what they did not declare', async () => {
    await using set = await staged()
    expect(await call(set.fetch, set.token.admin, { name: 'models' })).toMatchObject({ error: { code: -32021, data: { requiredCapabilities: { sampling: {} } } } })
    expect(await call(set.fetch, set.token.admin, { name: 'pick' }, {})).toMatchObject({ error: { code: -32021 } })
    expect(await call(set.fetch, set.token.admin, { name: 'wipe2' }, {})).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'approval_required', approvalId: expect.stringMatching(/^apr_/) } } } })
  })

  verifies(['CH-10', 'approval_pending'], 'trap: a hold asks once, by a link to the requester\'s own page, and accepting it approves nothing', async () => {
    await using set = await staged()
    const able = { elicitation: { url: {} } }
    const { result } = await call(set.fetch, set.token.admin, { name: 'wipe2' }, able)
    expect(result).toMatchObject({ resultType: 'input_required', inputRequests: { approval: { method: 'elicitation/create', params: { mode: 'url', url: expect.stringMatching(/\/approvals\/apr_[\w-]+\/status$/) } } } })
    const again = await call(set.fetch, set.token.admin, { name: 'wipe2', inputResponses: { approval: { action: 'accept' } } }, able)
    expect(again).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'approval_pending' } } } })
    expect(set.rounds).toEqual([])
  })

  verifies('CH-10', 'in a session of 2025 are carried by the SDK while the call runs, but for destructive tools', async () => {
    await using set = await staged(SESSIONS)
    const client = await set.client('admin')
    expect(await client.callTool({ name: 'pick', arguments: {} })).toMatchObject({ content: [{ text: 'picked B' }] })
    expect(await client.callTool({ name: 'models', arguments: {} })).toMatchObject({ isError: true })
    expect(await client.callTool({ name: 'wipe2', arguments: {} })).toMatchObject({ isError: true, _meta: { 'dev.portcullis/denial': { code: 'approval_required' } } })
    expect(set.rounds.map((round) => (round as [string])[0])).toEqual(['pick', 'pick', 'models'])
    await client.close()
  })
})
