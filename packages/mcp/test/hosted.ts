import type { Request as Asked } from '@portcullis/core'
import type { SessionLimits } from '../src/index.ts'
import type { MakeHost } from './lines.ts'
import { stage, url, type Stage } from './world.ts'

/** The world behind a host, without an HTTP server: requests of clients of 2025 go in, responses come out. */
export interface Hosted extends Stage, AsyncDisposable {
  send(asked: Asked, body: object, session?: string, signal?: AbortSignal, more?: Record<string, string>): Promise<Response>
  begin(asked: Asked, capabilities?: object): Promise<string>
  manage(method: 'GET' | 'DELETE', asked: Asked, session: string): Promise<number>
}

export async function hostedOn(mcpHost: MakeHost, sessions: SessionLimits = {}): Promise<Hosted> {
  const set = await stage()
  const host = mcpHost(set.portcullis, { sessions })
  const headers = (session: string | undefined): Record<string, string> => ({ 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(session === undefined ? {} : { 'mcp-session-id': session }) })
  const send: Hosted['send'] = (request, body, session, signal, more = {}) => host.fetch(new Request(`${url}/mcp`, { method: 'POST', headers: { ...headers(session), ...more }, ...(signal === undefined ? {} : { signal }) }), { body: { jsonrpc: '2.0', ...body }, request })
  const { [Symbol.asyncDispose]: dispose } = set
  return Object.assign(set, {
    send,
    begin: async (asked: Asked, capabilities: object = {}) => {
      const response = await send(asked, { id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 't', version: '1' } } })
      await response.text()
      return response.headers.get('mcp-session-id') ?? String(response.status)
    },
    manage: async (method: 'GET' | 'DELETE', request: Asked, session: string) => (await host.fetch(new Request(`${url}/mcp`, { method, headers: headers(session) }), { request })).status,
    async [Symbol.asyncDispose]() {
      await host.close()
      await dispose()
    },
  })
}
