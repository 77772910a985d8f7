import { InMemoryTaskMessageQueue, InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks'
import { describe, expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { ownServer, protect } from '../../src/index.ts'
import { TaskOwners } from '../../src/protect/tasks.ts'
import { LINES, Wire, type Line } from './lines.ts'
import { tenants, type Account } from './tenants.ts'

const FIRST = LINES.filter(({ name }) => name.startsWith('sdk'))
const CAPABILITIES = { tools: {}, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } }

interface Extra { readonly taskId: string; readonly taskStore: Record<'createTask' | 'getTask' | 'getTaskResult', (...sent: unknown[]) => Promise<{ taskId: string }>> & { storeTaskResult(id: string, status: string, result: object): Promise<void> } }

describe.each(FIRST)('tasks of a server of 2025-11-25 on $name', (line) => {
  /** One server for each account over one store, as a process has it. */
  async function staged() {
    const set = await tenants(ownServer({ tools: { slow: { risk: 'write', tasks: true }, plain: 'read', liar: 'read' } }))
    const store = new InMemoryTaskStore()
    const taskMessageQueue = new InMemoryTaskMessageQueue()
    const begun: string[] = []
    const lie = { taskId: '' }
    const finish = new Map<string, () => Promise<void>>()
    const make = protect(set.portcullis, () => {
      const server = new line.McpServer({ name: 'tasks', version: '1.0.0' }, { capabilities: CAPABILITIES, taskStore: store, taskMessageQueue } as never)
      const handler = {
        createTask: async (extra: Extra) => {
          const task = await extra.taskStore.createTask({ ttl: 60_000, pollInterval: 10 })
          begun.push(task.taskId)
          finish.set(task.taskId, () => extra.taskStore.storeTaskResult(task.taskId, 'completed', { content: [{ type: 'text', text: 'slowly' }] }))
          return { task }
        },
        getTask: async (extra: Extra) => extra.taskStore.getTask(extra.taskId),
        getTaskResult: async (extra: Extra) => extra.taskStore.getTaskResult(extra.taskId),
      }
      server.experimental.tasks.registerToolTask('slow', { description: 'Takes its time.', execution: { taskSupport: 'required' } }, handler as never)
      server.registerTool('plain', {}, async () => ({ content: [{ type: 'text', text: 'at once' }] }))
      server.registerTool('liar', {}, async () => ({ content: [], task: lie }))
      return server as never
    })
    const connected = async (account: Account) => {
      const wire = new Wire()
      const server = make() as unknown as Line['McpServer']['prototype']
      await server.connect(wire as never)
      const ask = (method: string, params: object = {}): Promise<Record<string, unknown>> => wire.ask(method, params, { authInfo: { token: set.token[account], clientId: 'c', scopes: [] } })
      return { wire, server, ask, begin: async () => ((await ask('tools/call', { name: 'slow', arguments: {}, task: { ttl: 60_000 } }))['result'] as { task: { taskId: string } }).task.taskId }
    }
    return { ...set, begun, lie, finish, store, queue: taskMessageQueue, connected, [Symbol.asyncDispose]: async () => { store.cleanup(); await set[Symbol.asyncDispose]() } }
  }

  verifies('CH-16', 'belong to the authority that began them, through all of their methods', async () => {
    await using set = await staged()
    const admin = await set.connected('admin')
    const taskId = await admin.begin()
    expect(await admin.ask('tasks/get', { taskId })).toMatchObject({ result: { taskId, status: 'working', _meta: { 'dev.portcullis/decision': expect.stringMatching(/^dec_/) } } })
    expect(await admin.ask('tasks/list')).toMatchObject({ result: { tasks: [{ taskId }] } })
    await set.finish.get(taskId)!()
    expect(admin.wire.sent.filter((message) => 'method' in message)).toMatchObject([{ method: 'notifications/tasks/status', params: { taskId, status: 'completed' } }])
    expect(await admin.ask('tasks/result', { taskId })).toMatchObject({ result: { content: [{ text: 'slowly' }] } })
    const other = await admin.begin()
    expect(await admin.ask('tasks/cancel', { taskId: other })).toMatchObject({ result: { taskId: other, status: 'cancelled' } })
    const log = await set.log()
    for (const method of ['task:slow', '"tool":"slow"']) expect(log).toContain(method)
  })

  verifies('CH-15', 'SES-02: somebody else\'s task is one that never was, in the same bytes, and stays as it is', async () => {
    await using set = await staged()
    const admin = await set.connected('admin')
    const taskId = await admin.begin()
    const others = [await set.connected('operator'), await set.connected('rival')]
    for (const { ask } of others) {
      for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
        const [foreign, invented] = [await ask(method, { taskId }), await ask(method, { taskId: 'never-was' })]
        expect({ ...foreign, id: 0 }).toEqual({ ...invented, id: 0 })
        expect(foreign).toMatchObject({ error: { code: -32602, message: 'Unknown task' } })
      }
      expect(await ask('tasks/list')).toMatchObject({ result: { tasks: [] } })
    }
    expect(await admin.ask('tasks/get', { taskId })).toMatchObject({ result: { status: 'working' } })
    await set.finish.get(taskId)!()
    const task = await set.store.getTask(taskId)
    for (const { server } of others) await server.server.notification({ method: 'notifications/tasks/status', params: task as never })
    expect(others.flatMap(({ wire }) => wire.sent.filter((message) => 'method' in message))).toEqual([])
  })

  verifies('CH-16', 'MCP-05: are begun only through the chain, and nothing is queued for somebody else\'s', async () => {
    await using set = await staged()
    const [admin, auditor, rival] = [await set.connected('admin'), await set.connected('auditor'), await set.connected('rival')]
    expect(await auditor.ask('tools/call', { name: 'slow', arguments: {}, task: {} })).toMatchObject({ result: { isError: true, _meta: { 'dev.portcullis/denial': { code: 'role_forbids' } } } })
    expect(set.begun).toEqual([])
    const taskId = await admin.begin()
    // The SDK would answer this into the queue of that task, past every handler.
    expect(await rival.ask('tools/call', { name: 'plain', arguments: {}, _meta: { 'io.modelcontextprotocol/related-task': { taskId } } })).toMatchObject({ result: { content: [{ text: 'at once' }] } })
    expect(await set.queue.dequeue(taskId)).toBeUndefined()
  })

  verifies('CH-16', 'of tools that are not classified for tasks are not begun: the call is a call', async () => {
    await using set = await staged()
    const admin = await set.connected('admin')
    expect(await admin.ask('tools/call', { name: 'plain', arguments: {}, task: {} })).toMatchObject({ result: { content: [{ text: 'at once' }] } })
    expect(await admin.ask('tasks/list')).toMatchObject({ result: { tasks: [] } })
    const { taskId } = await set.store.createTask({ ttl: 60_000 }, 1, { method: 'tools/call', params: {} })
    set.lie.taskId = taskId
    for (const asks of [{}, { task: {} }]) {
      expect(await admin.ask('tools/call', { name: 'liar', arguments: {}, ...asks })).toMatchObject({ result: { task: { taskId } } })
      expect(await admin.ask('tasks/get', { taskId })).toMatchObject({ error: { message: 'Unknown task' } })
    }
    await admin.server.server.notification({ method: 'notifications/tasks/status', params: (await set.store.getTask(taskId)) as never })
    expect(admin.wire.sent.filter((message) => 'method' in message)).toEqual([])
  })
})

describe('what is remembered of tasks', () => {
  const task = (tenant: string, principal: string, authority = `${tenant}/${principal}`) => ({ authority, tenant, principal, tool: 't' })
  const fill = (owners: TaskOwners, times: number, of: ReturnType<typeof task>, prefix = of.principal): void => {
    for (let at = 0; at < times; at++) owners.add(`${prefix} ${at}`, of)
  }

  verifies('CH-18', 'one principal\'s oldest are forgotten, by whichever token it began them, and nobody else\'s', () => {
    const owners = new TaskOwners()
    owners.add('theirs', task('a', 'bob'))
    for (const authority of ['first token', 'second token']) fill(owners, 150, task('a', 'eve', authority), authority)
    owners.add('theirs', task('a', 'eve'))
    const known = (id: string, authority: string): boolean => owners.find(id, authority) !== undefined
    expect([known('first token 43', 'first token'), known('first token 44', 'first token'), known('second token 149', 'second token'), known('theirs', 'a/bob'), known('theirs', 'a/eve')]).toEqual([false, true, true, true, false])
  })

  verifies('CH-18', 'in a tenant that has too many, whoever has the most makes room, and another tenant hears nothing of it', () => {
    const owners = new TaskOwners()
    owners.add('victim', task('b', 'rival'))
    for (let at = 0; at < 8; at++) fill(owners, 256, task('a', `p${at}`))
    owners.add('one too many', task('a', 'ninth'))
    owners.add('one more', task('a', 'p0'))
    owners.add('another tenant\'s', task('b', 'rival'))
    expect(['victim', 'another tenant\'s'].map((id) => owners.find(id, 'b/rival')?.tool)).toEqual(['t', 't'])
    expect([owners.find('one too many', 'a/ninth')?.tool, owners.find('p0 0', 'a/p0'), owners.find('one more', 'a/p0')?.tool, owners.find('p1 0', 'a/p1'), owners.find('p1 1', 'a/p1')?.tool]).toEqual(['t', undefined, 't', undefined, 't'])
  })
})
