import { InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { ownServer } from '../../src/index.ts'
import { mcpHost } from '../../src/v1/index.ts'
import { tenants, type Account } from '../protect/tenants.ts'

interface Extra { readonly taskId: string; readonly taskStore: Record<'createTask' | 'getTask' | 'getTaskResult', (...sent: unknown[]) => Promise<{ taskId: string }>> }

async function hosted() {
  const set = await tenants(ownServer({ tools: { slow: { risk: 'write', tasks: true } } }))
  const store = new InMemoryTaskStore()
  const host = mcpHost(set.portcullis, {
    sessions: {},
    server: () => {
      const server = new McpServer({ name: 'tasks', version: '1.0.0' }, { capabilities: { tools: {}, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } }, taskStore: store })
      server.experimental.tasks.registerToolTask('slow', { description: 'Takes its time.', execution: { taskSupport: 'required' } }, {
        createTask: async ({ taskStore }: Extra) => ({ task: await taskStore.createTask({ ttl: 60_000 }) }),
        getTask: async ({ taskStore, taskId }: Extra) => taskStore.getTask(taskId),
        getTaskResult: async ({ taskStore, taskId }: Extra) => taskStore.getTaskResult(taskId),
      } as never)
      return server
    },
  })
  const connected = async (account: Account) => {
    const send = async (body: object, session?: string): Promise<Response> => host.fetch(
      new Request('http://localhost/mcp', { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(session === undefined ? {} : { 'mcp-session-id': session }) } }),
      { body: { jsonrpc: '2.0', id: 1, ...body }, request: { token: set.token[account], endpoint: { kind: 'tenant' } } },
    )
    const session = (await send({ method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } })).headers.get('mcp-session-id') ?? ''
    return async (method: string, params: object = {}): Promise<Record<string, unknown>> => {
      const text = await (await send({ method, params }, session)).text()
      return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as Record<string, unknown>
    }
  }
  return { ...set, connected, [Symbol.asyncDispose]: async () => { await host.close(); store.cleanup(); await set[Symbol.asyncDispose]() } }
}

verifies(['CH-16', 'CH-15'], 'SES-02: tasks of an existing server belong to the authority that began them', async () => {
  await using set = await hosted()
  const [admin, operator, rival] = [await set.connected('admin'), await set.connected('operator'), await set.connected('rival')]
  const begun = await admin('tools/call', { name: 'slow', arguments: {}, task: { ttl: 60_000 } })
  const { taskId } = (begun as { result: { task: { taskId: string } } }).result.task
  expect(await admin('tasks/get', { taskId })).toMatchObject({ result: { taskId, status: 'working' } })
  expect(await admin('tasks/list')).toMatchObject({ result: { tasks: [{ taskId }] } })
  for (const other of [operator, rival]) {
    expect(await other('tasks/get', { taskId })).toEqual(await other('tasks/get', { taskId: 'never-was' }))
    expect(await other('tasks/cancel', { taskId })).toMatchObject({ error: { code: -32602, message: 'Unknown task' } })
    expect(await other('tasks/list')).toMatchObject({ result: { tasks: [] } })
  }
  expect(await admin('tasks/cancel', { taskId })).toMatchObject({ result: { status: 'cancelled' } })
})
