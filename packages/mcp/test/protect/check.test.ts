import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { checkProtected, ownServer, protect, type OwnServerTable } from '../../src/index.ts'
import { existing, seen } from './existing.ts'
import { LINES, Wire, type Line } from './lines.ts'
import { tenants } from './tenants.ts'

const COMPLETE: OwnServerTable = {
  tools: { list: 'read', close: 'write', wipe: 'destructive', dump: 'read', whoami: 'read' },
  resources: ['file:///a', 'file:///secret'], templates: ['note:///{id}'], prompts: ['greet', 'internal'], subscriptions: ['file:///a'],
}

async function check(line: Line, own: OwnServerTable, extend?: (server: Line['McpServer']['prototype']) => void): Promise<string> {
  await using set = await tenants(ownServer(own))
  const what = seen()
  const told = await checkProtected(set.portcullis, async () => existing(line, what, extend) as never).then(() => 'fine', (fault: { code: string; message: string }) => `${fault.code}: ${fault.message}`)
  expect(what.ran).toEqual([])
  return told
}

describe.each(LINES)('the check at the start, on $name', (line) => {
  verifies('EM-01', 'is content with a server that is classified name by name, or kind by kind', async () => {
    expect(await check(line, COMPLETE)).toBe('fine')
    expect(await check(line, { ...COMPLETE, resources: '*', templates: '*', prompts: '*', subscriptions: '*' })).toBe('fine')
  })

  verifies('EM-01', 'names what is not classified, and what the server does not have, in one fault', async () => {
    const { dump: _, ...tools } = COMPLETE.tools as Record<string, 'read'>
    expect(await check(line, { ...COMPLETE, tools: { ...tools, gone: 'read', slow: { risk: 'read', tasks: true } }, prompts: ['greet', 'left'], resources: ['file:///a'], completions: ['prompt:greet'] })).toBe(
      'server_unclassified: The server has what ownServer does not classify, so nobody may know it: tools dump; prompts internal; resources file:///secret.'
      + ' ownServer classifies what the server does not have: tools gone, slow; prompts left; completions prompt:greet; tasks slow.',
    )
  })

  verifies(['EM-01', 'CH-15'], 'takes a tool that is withheld for decided; to its callers it is one that nobody ever had', async () => {
    const own: OwnServerTable = { ...COMPLETE, tools: { ...COMPLETE.tools, dump: 'withheld', 'has space': 'withheld', 'prompt:internal': 'withheld' }, prompts: ['greet'] }
    expect(await check(line, own)).toBe('server_unclassified: The server has what ownServer does not classify, so nobody may know it: prompts internal.')
    expect(await check(line, { ...own, prompts: '*' })).toBe('fine')
    await using set = await tenants(ownServer(own))
    const what = seen()
    const wire = new Wire('session')
    await (protect(set.portcullis, () => existing(line, what) as never)() as unknown as { connect(wire: Wire): Promise<void> }).connect(wire)
    const ask = async (method: string, params: object = {}) => JSON.stringify({ ...(await wire.ask(method, params, { authInfo: { token: set.token.admin, clientId: 'c', scopes: [] } })), id: 0 })
    expect(await ask('tools/call', { name: 'dump', arguments: {} })).toBe(await ask('tools/call', { name: 'nope', arguments: {} }))
    expect(await ask('tools/list')).not.toContain('dump')
    expect(what.ran).toEqual([])
    expect(Array.from(set.portcullis.own)).not.toContain('dump')
  })

  verifies('EM-01', 'sees what a server registers once a client has shaken hands, and ends the conversation', async () => {
    const events: string[] = []
    const late = (server: Line['McpServer']['prototype']): void => {
      const oninitialized = async (): Promise<void> => {
        await server.server.listRoots().catch(() => events.push('nobody answers'))
        server.registerTool('late', {}, async () => ({ content: [] }))
      }
      Object.assign(server.server, { oninitialized, onclose: () => events.push('closed') })
    }
    expect(await check(line, COMPLETE, late)).toBe('server_unclassified: The server has what ownServer does not classify, so nobody may know it: tools late.')
    expect(await check(line, { ...COMPLETE, tools: { ...COMPLETE.tools, late: 'read' } }, late)).toBe('fine')
    expect(events).toEqual(['nobody answers', 'closed', 'nobody answers', 'closed'])
  })

  verifies('EM-01', 'waits two seconds for that at most, and not at all for what fails', async () => {
    expect(await check(line, COMPLETE, (server) => { server.server.oninitialized = () => { throw new Error('broken') } })).toBe('fine')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const begun = Promise.withResolvers<void>()
    let told = 'nothing yet'
    const checked = check(line, COMPLETE, (server) => Object.assign(server.server, { oninitialized: () => { begun.resolve(); return new Promise(() => undefined) } })).then((said) => { told = said })
    await begun.promise
    await vi.advanceTimersByTimeAsync(1_999)
    expect(told).toBe('nothing yet')
    await vi.advanceTimersByTimeAsync(1)
    await checked
    expect(told).toBe('fine')
  })

  test('refuses a server that cannot be guarded', async () => {
    await using set = await tenants(ownServer(COMPLETE))
    const odd = existing(line, seen())
    Object.defineProperty(odd.server, '_requestHandlers', { value: {} })
    await expect(checkProtected(set.portcullis, () => odd as never)).rejects.toThrow(expect.objectContaining({ code: 'server_unguarded' }))
  })
})
