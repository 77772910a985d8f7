import { request as send } from 'node:http'
import { connect as dial, type AddressInfo, type Server } from 'node:net'
import type { Portcullis } from '@portcullis/core'
import type { Host, SessionLimits } from '@portcullis/mcp'
import { stage, type Stage } from '../../../mcp/test/world.ts'

export interface Options {
  readonly host?: Host | undefined
  readonly sessions?: SessionLimits | undefined
  readonly onFault?: ((fault: unknown) => void) | undefined
}

export interface Serving {
  readonly port: number
  close(): Promise<void>
}

/** One framework with one SDK line: what the laws need to know of it. An application has `GET /api/hello` of its own, which says hello. */
export interface Binding {
  readonly line: 'v1' | 'v2'
  /** The entry of a package, as a user imports it. */
  readonly entry: string
  serve(portcullis: Portcullis, options?: Options): Promise<Serving>
  /** The same, but something reads bodies before us. */
  serveBehindReader(portcullis: Portcullis): Promise<Serving>
  /** What the developer reads who mounts it below a path. */
  mountedBelow(portcullis: Portcullis): Promise<string>
}

export interface Served extends Stage, AsyncDisposable {
  readonly port: number
  readonly origin: string
}

export const originOf = (port: number): string => `http://127.0.0.1:${port}`

/** The stage of two tenants behind a binding. What breaks is among its warnings. */
export async function served(serve: (portcullis: Portcullis, options: Options) => Promise<Serving>, options: Options = {}): Promise<Served> {
  const set = await stage()
  const serving = await serve(set.portcullis, { onFault: (fault) => set.warnings.push(fault), ...options })
  const dispose = set[Symbol.asyncDispose]
  return Object.assign(set, {
    port: serving.port, origin: originOf(serving.port),
    async [Symbol.asyncDispose]() {
      await serving.close()
      await dispose()
    },
  })
}

/** Where a server of Node listens, and how it ends although its clients do not. */
export const servingOf = (server: Server & { closeAllConnections(): void }): Serving => ({
  port: (server.address() as AddressInfo).port,
  close: () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  },
})

export const MCP = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

export const rpc = (origin: string, token: string, method: string, params: object = {}, more: { path?: string; headers?: Record<string, string>; signal?: AbortSignal; id?: number } = {}): Promise<Response> =>
  fetch(`${origin}${more.path ?? '/mcp'}`, {
    method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: more.id ?? 1, method, params }), headers: { ...MCP, authorization: `Bearer ${token}`, ...more.headers },
    ...(more.signal === undefined ? {} : { signal: more.signal }),
  })

/** Sends bytes as they are, and answers with everything that comes back. */
export const raw = (port: number, lines: readonly string[], body = ''): Promise<string> =>
  new Promise((resolve, reject) => {
    const named = lines.some((line) => line.toLowerCase().startsWith('host:'))
    const socket = dial(port, '127.0.0.1', () => socket.end(`${[...lines, ...(named ? [] : ['host: localhost']), 'connection: close', `content-length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`))
    let answer = ''
    socket.on('data', (chunk) => { answer += chunk.toString() })
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })

/** A request with a method that `fetch` does not have, or a body without a length. */
export const bare = (port: number, method: string, path: string, headers: Record<string, string> = {}, pieces: readonly string[] = []): Promise<{ readonly status: number | undefined; readonly allow: string | undefined }> =>
  new Promise((resolve, reject) => {
    const request = send(`${originOf(port)}${path}`, { method, headers }, (response) => resolve({ status: response.resume().statusCode, allow: response.headers.allow }))
    request.on('error', reject)
    for (const piece of pieces) request.write(piece)
    if (pieces.length === 0) request.end()
  })
