import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import type { Msp } from './world.ts'

export interface VendorOptions {
  readonly port: number
  readonly seed: number
  /** Opens `/__log` and `/__release` to whoever sends it as `x-admin`. Without it they do not exist. */
  readonly admin?: string | undefined
  /** Requests per second and MSP. */
  readonly rate: number
  /** Every n-th GET answers 500, as vendors do. 0 = never. */
  readonly flaky: number
  /** How long writes below the slow path wait before they have their effect, unless released. 0 = not at all. */
  readonly slowMs: number
}

export interface Asked {
  readonly msp: Msp
  readonly query: URLSearchParams
  readonly body: unknown
  /** The numbers in the path. */
  readonly ids: readonly number[]
}

export interface Reply {
  readonly status?: number
  readonly body: unknown
}

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: RegExp
  readonly slow?: boolean
  readonly answer: (asked: Asked) => Reply
}

export interface Api {
  readonly routes: readonly Route[]
  readonly mspOf: (headers: IncomingMessage['headers']) => Msp | undefined
  /** A request that needs no authentication, such as one for a token. Its body is not logged. */
  readonly open?: (method: string, path: string, form: URLSearchParams) => Reply | undefined
}

/** One request as it arrived: what proves that something was asked, or that it never was. */
export interface Logged {
  readonly number: number
  readonly msp: Msp | null
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly body: unknown
  /** 0 while it waits, or when the client went away before it was answered. */
  status: number
}

export interface RunningVendor {
  readonly url: string
  readonly close: () => Promise<void>
}

const LARGEST_BODY = 1 << 20
const LONGEST_LOG = 10_000

export async function startVendor(api: Api, options: VendorOptions): Promise<RunningVendor> {
  const log: Logged[] = []
  const waiting = new Set<() => void>()
  const windows = new Map<Msp, { second: number; count: number }>()
  let requests = 0
  let reads = 0

  const isOverRate = (msp: Msp): boolean => {
    const second = Math.floor(Date.now() / 1000)
    const window = windows.get(msp)
    const count = window?.second === second ? window.count + 1 : 1
    windows.set(msp, { second, count })
    return count > options.rate
  }

  const admin = (method: string, path: string): Reply | undefined => {
    if (method === 'GET' && path === '/__log') return { body: { requests: log } }
    if (method !== 'POST' || path !== '/__release') return undefined
    const released = waiting.size
    for (const release of waiting) release()
    return { body: { released } }
  }

  /** True when the wait is over, false when the client went away first: then the write has no effect. */
  const wait = (response: ServerResponse): Promise<boolean> =>
    new Promise((resolve) => {
      const end = (value: boolean) => (): void => {
        clearTimeout(timer)
        waiting.delete(release)
        resolve(value)
      }
      const release = end(true)
      const timer = setTimeout(release, options.slowMs)
      waiting.add(release)
      response.once('close', end(false))
    })

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://vendor')
    const method = request.method ?? ''
    const text = await textOf(request)
    if (url.pathname.startsWith('/__')) {
      const reply = options.admin !== undefined && request.headers['x-admin'] === options.admin ? admin(method, url.pathname) : undefined
      return send(response, reply ?? { status: 404, body: { error: 'not found' } })
    }
    const open = api.open?.(method, url.pathname, new URLSearchParams(text))
    const msp = open === undefined ? api.mspOf(request.headers) : undefined
    const entry: Logged = { number: ++requests, msp: msp ?? null, method, path: url.pathname, query: Object.fromEntries(url.searchParams), body: open === undefined ? parsed(text) : null, status: 0 }
    log.push(entry)
    if (log.length > LONGEST_LOG) log.shift()
    const answer = (reply: Reply, headers?: Record<string, string>): void => {
      entry.status = reply.status ?? 200
      send(response, reply, headers)
    }
    if (open !== undefined) return answer(open)
    if (msp === undefined) return answer({ status: 401, body: { error: 'unauthorized' } })
    if (isOverRate(msp)) return answer({ status: 429, body: { error: 'too many requests' } }, { 'retry-after': '1' })
    if (method === 'GET' && options.flaky > 0 && ++reads % options.flaky === 0) return answer({ status: 500, body: { error: 'something went wrong' } })
    for (const route of api.routes) {
      const match = route.method === method ? route.path.exec(url.pathname) : null
      if (match === null) continue
      if (route.slow === true && options.slowMs > 0 && !(await wait(response))) return
      return answer(route.answer({ msp, query: url.searchParams, body: entry.body, ids: match.slice(1).map(Number) }))
    }
    answer({ status: 404, body: { error: 'not found' } })
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => send(response, { status: 400, body: { error: 'bad request' } }))
  })
  await new Promise<void>((resolve) => server.listen(options.port, '127.0.0.1', resolve))
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

/** Reads the command line, starts, prints `{"vendor":…,"url":…}` and a newline, and ends on SIGTERM or SIGINT. */
export async function runVendor(vendor: string, start: (options: VendorOptions) => Promise<RunningVendor>): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { port: text, seed: text, admin: text, rate: text, flaky: text, 'slow-ms': text } })
  const running = await start({
    port: Number(values.port ?? 0), seed: Number(values.seed ?? 1), admin: values.admin,
    rate: Number(values.rate ?? 500), flaky: Number(values.flaky ?? 17), slowMs: Number(values['slow-ms'] ?? 0),
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void running.close())
  process.stdout.write(`${JSON.stringify({ vendor, url: running.url })}\n`)
}

/** The part of a list that page number and size ask for. */
export function pageOf<T>(all: readonly T[], number: string | null, size: string | null, usual: number): T[] {
  const length = Math.min(Math.max(Number(size ?? usual) || usual, 1), 100)
  const start = (Math.max(Number(number ?? 1) || 1, 1) - 1) * length
  return all.slice(start, start + length)
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LARGEST_BODY) throw new Error('too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parsed(text: string): unknown {
  return text === '' ? null : JSON.parse(text)
}

function send(response: ServerResponse, reply: Reply, headers: Record<string, string> = {}): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(reply.status ?? 200, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(JSON.stringify(reply.body))
}
