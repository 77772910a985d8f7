import { expect, test, vi } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { selfConnector } from '../../../core/src/connectors/self.ts'
import { deployment, type Deployment } from '../../../mcp/test/everything/deployment.ts'
import { MCP, originOf, rpc, type Binding } from './binding.ts'

interface Streaming extends Deployment, AsyncDisposable {
  readonly origin: string
  /** Lets the tool end. */
  finish(): void
  /** Resolves when the tool was cancelled. */
  readonly cancelled: Promise<void>
}

/** A server with one tool, which says how far it is and then waits to be told to end. */
async function streaming({ serve }: Binding, sessions = true): Promise<Streaming> {
  const gate = Promise.withResolvers<void>()
  const cancelled = Promise.withResolvers<void>()
  const slow = {
    risk: 'read' as const, description: 'Says how far it is.',
    run: async ({ tell, signal }: { tell?: ((note: { kind: 'progress'; progress: number }) => void) | undefined; signal: AbortSignal }) => {
      signal.addEventListener('abort', () => cancelled.resolve())
      tell?.({ kind: 'progress', progress: 1 })
      await Promise.race([gate.promise, cancelled.promise])
      return { content: [{ type: 'text', text: 'Done.' }] }
    },
  }
  const set = await deployment(selfConnector({ title: 'Slow', tools: { slow } }))
  const serving = await serve(set.portcullis, sessions ? { sessions: {} } : {})
  return {
    ...set, origin: originOf(serving.port), finish: gate.resolve, cancelled: cancelled.promise,
    async [Symbol.asyncDispose]() {
      await serving.close()
      await set.portcullis.close()
    },
  }
}

const path = '/mcp/tenant'
const initialize = (set: Streaming) => rpc(set.origin, set.token, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }, { path })

/** What comes in pieces: progress before the end, and sessions with their GET and DELETE. */
export function streamLaws(binding: Binding): void {
  const begun = async (set: Streaming): Promise<{ 'mcp-session-id': string }> => {
    const id = (await initialize(set)).headers.get('mcp-session-id')
    expect(id).toMatch(/^[\w-]{36}$/)
    return { 'mcp-session-id': id ?? '' }
  }
  const manage = (set: Streaming, method: string, headers: Record<string, string>, signal?: AbortSignal) =>
    fetch(`${set.origin}${path}`, { method, headers: { authorization: `Bearer ${set.token}`, accept: 'text/event-stream', ...headers }, ...(signal === undefined ? {} : { signal }) })

  verifies('EM-01', 'progress arrives before the end of its call', async () => {
    await using set = await streaming(binding)
    const headers = await begun(set)
    const response = await rpc(set.origin, set.token, 'tools/call', { name: 'slow', _meta: { progressToken: 'p' } }, { path, headers })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    let heard = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      if (heard === '') expect(chunk).toContain('"progress":1') // nothing else can have come: the tool still waits
      heard += chunk
      set.finish()
    }
    expect(heard).toContain('Done.')
  })

  verifies(['EM-01', 'cancelled'], 'MCP-04: a client that goes away in the middle of a stream cancels its call', async () => {
    await using set = await streaming(binding)
    const headers = await begun(set)
    const gone = new AbortController()
    const response = await rpc(set.origin, set.token, 'tools/call', { name: 'slow', _meta: { progressToken: 'p' } }, { path, headers, signal: gone.signal })
    const reader = response.body!.getReader()
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toContain('"progress":1')
    gone.abort()
    await set.cancelled
    await vi.waitFor(async () => {
      let log = ''
      for await (const piece of set.portcullis.exportLog('northwind')) log += Buffer.from(piece).toString()
      expect(log).toContain('"code":"cancelled"')
    })
  })

  verifies('EM-01', 'GET opens the stream of a session’s changes and DELETE ends it', async () => {
    await using set = await streaming(binding)
    const headers = await begun(set)
    const gone = new AbortController()
    const stream = await manage(set, 'GET', headers, gone.signal)
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    gone.abort()
    expect((await manage(set, 'DELETE', headers)).status).toBe(200)
    expect((await rpc(set.origin, set.token, 'ping', {}, { path, headers })).status).toBe(404)
    expect((await manage(set, 'GET', headers)).status).toBe(404)
    expect((await fetch(`${set.origin}${path}`, { method: 'DELETE', headers: { ...MCP, ...headers } })).status).toBe(401)
  })

  test('without sessions there are no GET and DELETE', async () => {
    await using set = await streaming(binding, false)
    for (const method of ['GET', 'DELETE']) {
      const response = await manage(set, method, {})
      expect([response.status, response.headers.get('allow')], method).toEqual([405, 'POST'])
    }
    expect((await initialize(set)).headers.get('mcp-session-id')).toBeNull()
  })
}
