import { createServer, request as send, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Portcullis } from '@portcullis/core'
import type { Host } from '@portcullis/mcp'
import express from 'express'
import { gateway } from '../src/index.ts'

export interface BehindProxy extends AsyncDisposable {
  /** Where a client that cannot send a token reaches the tenant's endpoint. */
  readonly url: string
}

/**
 * The gateway on loopback, behind a proxy that adds the bearer token and asks for whole-tenant reach. The suite that needs it cannot
 * send an Authorization header, and no server of ours does without one. Host, Origin and everything else go through as they came.
 */
export async function behindProxy(portcullis: Portcullis, host: Host, token: string): Promise<BehindProxy> {
  const app = express().use(gateway(portcullis, { host, onFault: (fault) => { throw fault } }))
  const upstream = await listening(app)
  const { port } = upstream.address() as AddressInfo
  const proxy = await listening((incoming, outgoing) => {
    const path = (incoming.url ?? '').replace(/^\/mcp(?=$|\?)/, '/mcp/tenant')
    const forwarded = send({ port, host: '127.0.0.1', path, method: incoming.method, headers: { ...incoming.headers, authorization: `Bearer ${token}` } }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      outgoing.flushHeaders()
      answer.pipe(outgoing)
    })
    forwarded.on('error', () => outgoing.destroy())
    outgoing.on('close', () => forwarded.destroy())
    incoming.pipe(forwarded)
  })
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/mcp`,
    async [Symbol.asyncDispose]() {
      await host.close()
      for (const server of [proxy, upstream]) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}

const listening = (listener: RequestListener): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer(listener)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
