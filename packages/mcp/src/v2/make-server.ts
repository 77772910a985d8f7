import { Server, type ServerContext } from '@modelcontextprotocol/server'
import type { Portcullis } from '@portcullis/core'
import { capabilitiesOf } from '../capabilities.ts'
import type { ServerInfo } from '../host-options.ts'
import { ANSWERED, classify, type Carrier } from '../methods.ts'

/** A list may be kept for this long (ms), by the client that asked and by nobody else. */
const LIST_TTL_MS = 5_000
const HINT = { ttlMs: LIST_TTL_MS, cacheScope: 'private' } as const
const cacheHints = { 'tools/list': HINT, 'resources/list': HINT, 'resources/templates/list': HINT, 'prompts/list': HINT }

/** A low-level server whose every handler asks `answer`: the SDK frames and checks, and decides nothing. */
export function makeServer({ offers }: Portcullis, info: ServerInfo, carrier: Carrier, answer: (context: ServerContext) => Promise<object>): Server {
  const { name = 'portcullis', version = '0.0.0', instructions } = info
  const made = new Server({ name, version }, { capabilities: capabilitiesOf(offers, carrier), cacheHints, ...(instructions === undefined ? {} : { instructions }) })
  const handle = made.setRequestHandler.bind(made) as (method: string, handler: (request: unknown, context: ServerContext) => Promise<object>) => void
  for (const method of ANSWERED) if (classify(method, false, offers, carrier) !== undefined) handle(method, (_, context) => answer(context))
  return made
}
