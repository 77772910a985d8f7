import type { Connector } from '../../packages/core/src/index.ts'
import { behindProxy } from '../../packages/express/test/behind-proxy.ts'
import { ownServer, protect, type Change } from '../../packages/mcp/src/index.ts'
import { mcpHost as onV1 } from '../../packages/mcp/src/v1/index.ts'
import { mcpHost as onV2 } from '../../packages/mcp/src/v2/index.ts'
import { allowAll } from '../../packages/mcp/test/everything/allow-all.ts'
import { deployment } from '../../packages/mcp/test/everything/deployment.ts'
import { everything } from '../../packages/mcp/test/everything/everything.ts'
import { hostPlain } from '../../packages/mcp/test/everything/plain-hosting.ts'
import { plainV1 } from '../../packages/mcp/test/everything/plain-v1.ts'
import { plainV2 } from '../../packages/mcp/test/everything/plain-v2.ts'

export type Line = 'v1' | 'v2'

/** A server of everything on loopback, until it is disposed of. */
export interface Served extends AsyncDisposable {
  readonly url: string
}
export type Serve = (line: Line) => Promise<Served>

const HOST = { v1: onV1, v2: onV2 } as const
const PLAIN = { v1: plainV1, v2: plainV2 } as const

/** The connector, whose tools may say that something changed: `to` hears of it. */
function telling(): { readonly connector: Connector; to: (change: Change) => void } {
  const told = { connector: everything((change) => told.to(change)), to: (_: Change): void => undefined }
  return told
}

/** All that the server has, as its owner would classify it. */
const classified = ({ tools }: Connector): Connector =>
  ownServer({
    tools: Object.fromEntries(Array.from(tools.values()).filter(({ own }) => own?.kind === 'tool').map(({ name, risk }) => [name, risk])),
    resources: '*', templates: '*', prompts: '*', completions: '*', subscriptions: '*',
  })

/** Our gateway behind the whole chain. */
export async function gateway(line: Line): Promise<Served> {
  const told = telling()
  const { portcullis, token } = await deployment(told.connector)
  const host = HOST[line](portcullis, { sessions: {} })
  told.to = (change) => host.notify('northwind', change)
  return ending(await behindProxy(portcullis, host, token), portcullis)
}

/** The same with a stub in the chain's place that lets everything through. */
export async function open(line: Line): Promise<Served> {
  const told = telling()
  const portcullis = allowAll(told.connector)
  const host = HOST[line](portcullis, { sessions: {} })
  told.to = (change) => host.notify('none', change)
  return ending(await behindProxy(portcullis, host, 'none'), portcullis)
}

/** A server that somebody wrote with the SDK, as it is. */
export async function plain(line: Line): Promise<Served> {
  const told = telling()
  const served = await hostPlain(line, () => PLAIN[line](told.connector))
  told.to = (change) => served.publish(change)
  return served
}

/** The same behind our own front and the whole chain. */
export async function existing(line: Line): Promise<Served> {
  const told = telling()
  const { portcullis, token } = await deployment(classified(told.connector))
  const host = HOST[line](portcullis, { sessions: {}, server: () => PLAIN[line](told.connector) })
  told.to = (change) => host.notify('northwind', change)
  return ending(await behindProxy(portcullis, host, token), portcullis)
}

/** The same hosted as it was, and protected. */
export async function guarded(line: Line): Promise<Served> {
  const told = telling()
  const { portcullis, token } = await deployment(classified(told.connector))
  const served = await hostPlain(line, protect(portcullis, () => PLAIN[line](told.connector)), token)
  told.to = (change) => served.publish(change)
  return ending(served, portcullis)
}

const ending = (served: Served, portcullis: { close(): Promise<void> }): Served => ({
  url: served.url,
  async [Symbol.asyncDispose]() {
    await served[Symbol.asyncDispose]()
    await portcullis.close()
  },
})
