import { figure, median, TOLD, type Figure } from './measure.ts'

/** Long batches: right after a change of sides, each pays for what the other left to collect. */
const CALLS = 500
const BATCHES = 10
const WARM = 4
const BAR = 1.1

export type Serve = (request: Request) => Promise<Response>

/** One way to serve a call, with us and without. */
export interface Sides {
  readonly name: string
  readonly guarded: Serve
  readonly bare: Serve
  readonly request: () => Request
  readonly judged: boolean
}

/** CPU of a guarded call against the same call of a bare server: same SDK, same transport, in turns. Each answer must hold `mine`. */
export async function overBare({ name, request, judged, ...sides }: Sides): Promise<Figure> {
  const samples = { guarded: [] as number[], bare: [] as number[] }
  for (let index = 0; index < WARM + BATCHES; index++) {
    const order = index % 2 === 0 ? (['guarded', 'bare'] as const) : (['bare', 'guarded'] as const)
    const took = { guarded: 0, bare: 0 }
    for (const side of order) took[side] = await batch(sides[side], request)
    if (index < WARM) continue
    samples.guarded.push(took.guarded)
    samples.bare.push(took.bare)
  }
  const [value, baseline] = [median(samples.guarded), median(samples.bare)]
  return figure(name, 'µs CPU', value, baseline, judged ? `≤ ${BAR} of bare` : TOLD, !judged || value <= BAR * baseline)
}

/** CPU of one batch (µs a call). */
async function batch(serve: Serve, request: () => Request): Promise<number> {
  const before = process.cpuUsage()
  for (let index = 0; index < CALLS; index++) {
    const text = await (await serve(request())).text()
    if (!text.includes('mine')) throw new Error(text)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / CALLS
}

const MODERN = '2026-07-28'
const META = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} }

/** One `tools/call` over HTTP, as a client of that version sends it. */
export function callOf(tool: string, token: string, version: '2026-07-28' | '2025-11-25' = MODERN): Request {
  const modern = version === MODERN
  return new Request('http://localhost/mcp', {
    method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: { status: 'open' }, ...(modern ? { _meta: META } : {}) } }),
    headers: {
      authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': version,
      ...(modern ? { 'mcp-method': 'tools/call', 'mcp-name': tool } : {}),
    },
  })
}
