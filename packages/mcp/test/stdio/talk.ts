import { PassThrough } from 'node:stream'
import { expect, vi } from 'vitest'
import type { Portcullis } from '@portcullis/core'
import { serveStdio as serveV1 } from '../../src/v1/index.ts'
import { serveStdio as serveV2, type StdioOptions, type StdioServed } from '../../src/v2/index.ts'

export const LINES = [['v1', serveV1], ['v2', serveV2]] as const
export type Serve = (portcullis: Portcullis, options: StdioOptions) => StdioServed

export interface Said {
  readonly id?: unknown
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Record<string, unknown> }
}

export interface Talk extends AsyncDisposable {
  readonly served: StdioServed
  readonly input: PassThrough
  readonly output: PassThrough
  /** Everything that was said, in order. */
  readonly said: Said[]
  readonly faults: unknown[]
  /** One line; an object becomes a message. */
  say(line: string | object): void
  /** Asks, and waits for the answer. */
  ask(method: string, params?: object, id?: string | number): Promise<Said>
  /** Waits for something to be said. */
  hear(what: (said: Said) => boolean): Promise<Said>
  /** The handshake of a client of 2025. */
  begin(capabilities?: object): Promise<Said>
}

/** A client that writes and reads lines by itself, on the other end of two streams of this process. */
export function talk(serve: Serve, portcullis: Portcullis, options: StdioOptions): Talk {
  const [input, output] = [new PassThrough(), new PassThrough({ highWaterMark: 4_096 })]
  const faults: unknown[] = []
  const served = serve(portcullis, { input, output, onFault: (fault) => faults.push(fault), ...options })
  const said: Said[] = []
  let rest = ''
  output.on('data', (piece: Buffer) => {
    const lines = (rest + piece.toString()).split('\n')
    rest = lines.pop() ?? ''
    said.push(...lines.map((line) => JSON.parse(line) as Said)) // throws where something else is said than the protocol
  })
  let next = 100
  const say = (line: string | object): void => void input.write(`${typeof line === 'string' ? line : JSON.stringify({ jsonrpc: '2.0', ...line })}\n`)
  const hear = (what: (said: Said) => boolean): Promise<Said> => vi.waitFor(() => {
    const heard = said.find(what)
    expect(heard).toBeDefined()
    return heard!
  }, { timeout: 5_000, interval: 5 })
  const ask: Talk['ask'] = (method, params = {}, id = next++) => {
    say({ id, method, params })
    return hear((one) => one.id === id && one.method === undefined)
  }
  return {
    served, input, output, said, faults, say, hear, ask,
    async begin(capabilities = {}) {
      const begun = await ask('initialize', { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 't', version: '1' } })
      say({ method: 'notifications/initialized' })
      return begun
    },
    [Symbol.asyncDispose]: () => served.close(),
  }
}
