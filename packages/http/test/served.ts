import type { World } from '@portcullis/core'
import { mcpHost } from '@portcullis/mcp/v2'
import { stage, url, type Stage } from '../../mcp/test/world.ts'
import { router, type Router } from '../src/index.ts'

export interface Served extends Stage, AsyncDisposable {
  readonly routes: Router
  /** Sends one request; `path` is taken as written. */
  ask(method: string, path: string, more?: { headers?: Record<string, string> | [string, string][]; body?: string | Uint8Array }): Promise<Response>
  /** Posts one JSON-RPC request of a 2025 client. */
  rpc(path: string, token: string | undefined, method: string, params?: object, headers?: Record<string, string>): Promise<Response>
}

export const MCP = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

export async function served(change?: (world: World) => World): Promise<Served> {
  const set = await stage(change)
  const routes = router(set.portcullis, { mcp: mcpHost(set.portcullis), onFault: (fault) => set.warnings.push(fault) })
  const ask: Served['ask'] = (method, path, { headers = {}, body } = {}) => routes.fetch(new Request(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body: body as string }) }))
  return Object.assign(set, {
    routes, ask,
    rpc: (path: string, token: string | undefined, method: string, params: object = {}, headers: Record<string, string> = {}) =>
      ask('POST', path, { headers: { ...MCP, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) }),
  })
}

/** Everything that a client can tell of a response but its decision id, for comparing bytes. */
export async function bytes(response: Response): Promise<string> {
  const headers = Object.fromEntries([...response.headers])
  const body = (await response.text()).replaceAll(/dec_[A-Za-z0-9_-]+/g, 'dec')
  return JSON.stringify([response.status, headers, body])
}
