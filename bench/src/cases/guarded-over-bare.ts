import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { router } from '@portcullis/http'
import { mcpHost } from '@portcullis/mcp/v2'
import { z } from 'zod'
import { ANSWER, deploy } from '../deployment.ts'
import { figure, median, type Figure } from '../measure.ts'

/** Long batches: right after a change of sides, each pays for what the other left to collect. */
const CALLS = 500
const BATCHES = 10
const WARM = 4
const BAR = 1.1
/** How many tools there are, and whether the bar is for that many: with one, the order of the runs matters more than the host. */
const SIZES = [1, 50, 300] as const
const JUDGED = 50

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} }

type Serve = (request: Request) => Promise<Response>

const requestFor = (name: string, token: string): Request =>
  new Request('http://localhost/mcp', {
    method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: { status: 'open' }, _meta: META } }),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name },
  })

/** What somebody would write without us: the same tools on a plain `McpServer`, made for each request as the SDK does it. */
function bare(tools: number): Serve {
  const Ticket = z.object({ id: z.number(), client_id: z.number(), summary: z.string() })
  const inputSchema = z.object({ status: z.string().max(20).optional() })
  const outputSchema = z.object({ tickets: z.array(Ticket) })
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'bare', version: '1' })
    for (let index = 0; index < tools; index++) {
      server.registerTool(`psa.list_${index}`, { title: `List ${index}`, description: 'Lists tickets.', inputSchema, outputSchema }, async () => ({ content: [{ type: 'text' as const, text: JSON.stringify(ANSWER) }], structuredContent: ANSWER }))
    }
    return server
  })
  return (request) => handler.fetch(request)
}

/** CPU of one batch (µs a call). */
async function batch(serve: Serve, token: string): Promise<number> {
  const before = process.cpuUsage()
  for (let index = 0; index < CALLS; index++) {
    const text = await (await serve(requestFor('psa.list_0', token))).text()
    if (!text.includes('mine')) throw new Error(text)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / CALLS
}

/** A call over MCP with everything before and behind it, in memory, against the same call of a bare server: same SDK, same transport, in turns. */
export async function guardedOverBare(): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const tools of SIZES) {
    const { portcullis, token } = await deploy({ tools })
    const host = mcpHost(portcullis)
    const routes = router(portcullis, { mcp: host })
    const sides = { guarded: (request: Request) => routes.fetch(request), bare: bare(tools) }
    const samples = { guarded: [] as number[], bare: [] as number[] }
    for (let index = 0; index < WARM + BATCHES; index++) {
      const order = index % 2 === 0 ? (['guarded', 'bare'] as const) : (['bare', 'guarded'] as const)
      const took = { guarded: 0, bare: 0 }
      for (const side of order) took[side] = await batch(sides[side], token)
      if (index < WARM) continue
      samples.guarded.push(took.guarded)
      samples.bare.push(took.bare)
    }
    await host.close()
    await portcullis.close()
    const [value, baseline] = [median(samples.guarded), median(samples.bare)]
    figures.push(figure(`guarded-mcp-${tools}`, 'µs CPU', value, baseline, tools === JUDGED ? `≤ ${BAR} of bare` : 'told, not judged', tools !== JUDGED || value <= BAR * baseline))
  }
  return figures
}
