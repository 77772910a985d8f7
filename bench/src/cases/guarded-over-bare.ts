import { router } from '@portcullis/http'
import { mcpHost } from '@portcullis/mcp/v2'
import { secondHosting, secondServer } from '../bare-servers.ts'
import { deploy } from '../deployment.ts'
import type { Figure } from '../measure.ts'
import { callOf, overBare } from '../over-bare.ts'

/** How many tools there are, and whether the bar is for that many: with one, the order of the runs matters more than the host. */
const SIZES = [1, 50, 300] as const
const JUDGED = 50

/** A call over MCP with everything before and behind it, in memory, against the same call of a bare server, made for each request as the SDK does it. */
export async function guardedOverBare(): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const tools of SIZES) {
    const { portcullis, token } = await deploy({ tools })
    const host = mcpHost(portcullis)
    const routes = router(portcullis, { mcp: host })
    figures.push(await overBare({
      name: `guarded-mcp-${tools}`, judged: tools === JUDGED, request: () => callOf('psa.list_0', token),
      guarded: (request) => routes.fetch(request), bare: secondHosting(() => secondServer(tools, 'psa.')),
    }))
    await host.close()
    await portcullis.close()
  }
  return figures
}
