import { expect } from 'vitest'
import type { Connector } from '@portcullis/core'
import { deployment } from './everything/deployment.ts'
import { everything } from './everything/everything.ts'
import type { MakeHost } from './lines.ts'
import { existing, seen, table } from './protect/existing.ts'
import type { Line } from './protect/lines.ts'
import type { McpHostOptions } from '../src/host-options.ts'

async function hosted(mcpHost: MakeHost, connector: Connector = everything(() => undefined), server?: McpHostOptions['server']) {
  const set = await deployment(connector)
  const host = mcpHost(set.portcullis, { sessions: {}, server })
  const fetch = (method: string, body?: object, session?: string): Promise<Response> =>
    host.fetch(
      new Request('http://localhost/mcp', { method, headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(session === undefined ? {} : { 'mcp-session-id': session }) } }),
      { body: { jsonrpc: '2.0', ...body }, request: { token: set.token, endpoint: { kind: 'tenant' } } },
    )
  return { ...set, host, fetch, [Symbol.asyncDispose]: async () => { await host.close(); await set.portcullis.close() } }
}

/** The messages of a stream, one by one. */
async function* events(response: Response): AsyncGenerator<{ id?: number; method?: string; params?: unknown; result?: unknown }> {
  const decoder = new TextDecoder()
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) for (const [, data = ''] of decoder.decode(chunk).matchAll(/^data: (.+)$/gm)) yield JSON.parse(data) as { id?: number }
}

async function all(response: Response): Promise<unknown[]> {
  const heard: unknown[] = []
  for await (const message of events(response)) heard.push(message)
  return heard
}

const call = (id: number, name: string, more: object = {}) => ({ id, method: 'tools/call', params: { name, ...more } })

/** What a host carries for a client of 2025, on whatever release of its SDK: answers, notes, questions, refusals, changes, cancellations. */
export async function carriesAll(mcpHost: MakeHost): Promise<void> {
  await using set = await hosted(mcpHost)
  expect(await (await set.fetch('POST', call(1, 'test_simple_text'))).json()).toMatchObject({ id: 1, result: { content: [{ type: 'text' }] } })
  expect(await (await set.fetch('POST', call(1, 'invented'))).json()).toEqual({ jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Unknown tool' } })

  const begun = await set.fetch('POST', { id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: { elicitation: {} }, clientInfo: { name: 't', version: '1' } } })
  const session = begun.headers.get('mcp-session-id') ?? ''
  expect(await all(await set.fetch('POST', call(2, 'test_tool_with_progress', { _meta: { progressToken: 'p' } }), session))).toMatchObject([
    { method: 'notifications/progress', params: { progressToken: 'p', progress: 0, total: 100 } }, { params: { progress: 50 } }, { params: { progress: 100 } }, { id: 2, result: {} },
  ])
  expect(await all(await set.fetch('POST', call(3, 'test_logging_tool'), session))).toMatchObject([{ method: 'notifications/message', params: { level: 'info', data: 'Something' } }, { id: 3 }])

  const asked = events(await set.fetch('POST', call(4, 'test_input_required_result_elicitation'), session))
  const question = await asked.next()
  expect(question.value).toMatchObject({ method: 'elicitation/create', params: { message: 'What is your name?' } })
  await set.fetch('POST', { id: (question.value as { id: number }).id, result: { action: 'accept', content: { name: 'Ada' } } }, session)
  expect((await asked.next()).value).toMatchObject({ id: 4, result: { content: [{ text: 'Hello, Ada!' }] } })

  const unknown = await set.fetch('POST', call(5, 'invented'), session)
  expect([unknown.status, await unknown.json()]).toEqual([200, { jsonrpc: '2.0', id: 5, error: { code: -32602, message: 'Unknown tool' } }])
  const changes = events(await set.fetch('GET', undefined, session))
  set.host.notify('southridge', { kind: 'prompts' })
  set.host.notify('northwind', { kind: 'tools' })
  expect((await changes.next()).value).toMatchObject({ method: 'notifications/tools/list_changed' })
  const cancelled = events(await set.fetch('POST', call(6, 'test_input_required_result_elicitation'), session))
  await cancelled.next()
  await set.fetch('POST', { method: 'notifications/cancelled', params: { requestId: 6 } }, session)
  expect((await cancelled.next()).done).toBe(true)
  expect((await set.fetch('DELETE', undefined, session)).status).toBe(200)
  expect((await set.fetch('POST', { id: 7, method: 'ping' }, session)).status).toBe(404)
}

/** An existing server behind the host, of the same release. */
export async function guardsExisting(mcpHost: MakeHost, line: Line): Promise<void> {
  const what = seen()
  await using set = await hosted(mcpHost, table(), () => existing(line, what) as never)
  expect(await (await set.fetch('POST', call(1, 'list', { arguments: { status: 'open' } }))).json()).toMatchObject({ result: { structuredContent: { tickets: ['t1'] } } })
  const begun = await set.fetch('POST', { id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } })
  const session = begun.headers.get('mcp-session-id') ?? ''
  expect(await all(await set.fetch('POST', call(2, 'close', { arguments: { id: 7 } }), session))).toMatchObject([{ id: 2, result: { content: [{ text: 'closed 7' }] } }])
  for (const name of ['dump', 'invented']) expect(await (await set.fetch('POST', call(3, name), session)).json()).toEqual({ jsonrpc: '2.0', id: 3, error: { code: -32602, message: 'Unknown tool' } })
  expect(what.ran).toEqual(['list open', 'close 7'])
}
