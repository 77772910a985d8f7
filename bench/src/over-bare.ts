import { figure, median, pairedFigure, TOLD, type Figure } from './measure.ts'

/** Long batches: right after a change of sides, each pays for what the other left to collect. */
const CALLS = 500
const BATCHES = 12
const WARM = 4
const BAR = 1.1
/** docs/decisions/016: for what goes badly wrong, since a closer one would fail by noise. */
const CHAIN_BAR = 2

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
  const { guarded, bare } = await inTurns({ guarded: served(sides.guarded, request), bare: served(sides.bare, request) })
  const [value, baseline] = [median(guarded), median(bare)]
  return figure(name, 'µs CPU', value, baseline, judged ? `≤ ${BAR} of bare` : TOLD, !judged || value <= BAR * baseline)
}

/**
 * The same, and against a bare call together with the `chain` alone (µs a call): what is left over that is neither the server's nor the
 * chain's. The chain is not one of the sides: it allocates little, and would be charged for what the others left to collect.
 */
export async function overBareAndChain({ name, request, chain, ...sides }: Omit<Sides, 'judged'> & { readonly chain: number }): Promise<readonly Figure[]> {
  const { guarded, bare } = await inTurns({ guarded: served(sides.guarded, request), bare: served(sides.bare, request) })
  const both = bare.map((cost) => cost + chain)
  return [
    pairedFigure(name, 'µs CPU', guarded, bare, `≤ ${BAR} of bare`, (ratio) => ratio <= BAR),
    pairedFigure(`${name}-chain`, 'µs CPU', guarded, both, `≤ ${CHAIN_BAR} of bare + enforce`, (ratio) => ratio <= CHAIN_BAR),
  ]
}

/** Makes one call and answers its text. */
type Answer = () => Promise<string>

const served = (serve: Serve, request: () => Request): Answer => async () => (await serve(request())).text()

/** CPU of each batch (µs a call), by side. Whoever begins a round changes, so that no side always pays for the same other one. */
async function inTurns<K extends string>(sides: Readonly<Record<K, Answer>>): Promise<Readonly<Record<K, readonly number[]>>> {
  const names = Object.keys(sides) as K[]
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<K, number[]>
  for (let index = 0; index < WARM + BATCHES; index++) {
    const first = index % names.length
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const took = await batch(sides[name])
      if (index >= WARM) samples[name].push(took)
    }
  }
  return samples
}

async function batch(answer: Answer): Promise<number> {
  const before = process.cpuUsage()
  for (let index = 0; index < CALLS; index++) {
    const text = await answer()
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
