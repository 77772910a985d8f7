import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import type { Connector, Tool, ToolRun } from '../../src/connectors/connector.ts'
import { inProcess, type InProcessOptions } from '../../src/broker/in-process.ts'
import type { DispatchAnswer, Dispatcher, DispatchJob } from '../../src/ports/dispatcher.ts'
import { Secret } from '../../src/secrets/secret.ts'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface VendorServer {
  readonly url: string
  readonly host: string
  readonly seen: Seen[]
  /** Called when a client goes away before its answer was complete. */
  onClose: () => void
}

/** A real HTTP server on loopback that notes what it was asked and lives as long as the test. */
export async function vendorServer(answer: (seen: Seen, response: ServerResponse, number: number) => void): Promise<VendorServer> {
  const vendor: VendorServer = { url: '', host: '', seen: [], onClose: () => undefined }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('close', () => { if (!response.writableFinished) vendor.onClose() })
    request.on('end', () => {
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() }
      vendor.seen.push(one)
      answer(one, response, vendor.seen.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return Object.assign(vendor, { url: `http://${host}`, host })
}

/** Where nobody listens any more. */
export async function closedPort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

export function json(response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export const API_KEY = 'canary-api-key-7f2d91'
export const INBOUND_TOKEN = 'eyJhbGciOiJFZDI1NTE5In0.canary-inbound.token'

export function connectorAt(hosts: readonly string[], over: Partial<Connector> = {}): Connector {
  return {
    id: 'vendor', title: 'Vendor', category: 'psa',
    settings: z.object({ baseUrl: z.string() }), credential: z.object({ apiKey: z.string() }), customer: z.number(),
    authorize: { type: 'api_key', header: 'X-Api-Key' },
    baseUrl: (settings) => (settings as { baseUrl: string }).baseUrl, hosts: () => hosts,
    records: {}, tools: new Map(), ...over,
  }
}

type Staged = Partial<Omit<DispatchJob, 'tool'>> & { readonly url: string; readonly host?: string; readonly options?: InProcessOptions; readonly dispatcher?: Dispatcher }

export function jobOf(staged: Staged, run: (call: ToolRun) => Promise<unknown>): DispatchJob {
  const { url, host = new URL(url).host, options: _, dispatcher: __, ...over } = staged
  return {
    callId: 'call_0001', tenant: 'northwind', instance: 'inst_1', connector: connectorAt([host]), settings: { baseUrl: url }, input: Object.freeze({}), customer: undefined,
    credential: async () => Secret.of({ apiKey: API_KEY }), authorization: { configurationVersion: 1 }, deadlineMs: 5_000, startBy: Infinity, signal: new AbortController().signal,
    tool: { run } as Tool, ...over,
  }
}

/** Back-offs take no time, deadlines do. */
export function hurried(): InProcessOptions {
  return { after: (ms, callback) => { const timer = setTimeout(callback, ms <= 1_000 ? 0 : ms); return () => clearTimeout(timer) } }
}

export function dispatch(staged: Staged, run: (call: ToolRun) => Promise<unknown>): Promise<DispatchAnswer> {
  return (staged.dispatcher ?? inProcess(staged.options ?? hurried())).dispatch(jobOf(staged, run))
}
