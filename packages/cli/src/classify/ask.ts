import type { Client, Transport } from '@modelcontextprotocol/client'
import { Fault } from '@portcullis/core'
import { readListing, together, type Listing } from './listing.ts'
import { quoted } from './quoted.ts'

/** A server to be asked: over HTTP, or one that is started for it. */
export type Asked =
  | { readonly kind: 'url'; readonly url: URL; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'command'; readonly command: string; readonly args: readonly string[] }

/** For each answer, in milliseconds. A server of 2025 that does not know the first question may leave it unanswered on stdio. */
const TIMEOUT = 30_000
const FIRST_QUESTION = 10_000
const LAST_WORDS = 300

/** Where it is, without what may be secret in it. */
export const place = (asked: Asked): string => (asked.kind === 'url' ? `${asked.url.origin}${asked.url.pathname}` : quoted(asked.command))

/**
 * Asks a server what it lists, and leaves it. One of 2026-07-28 is asked again as by a client of 2025, if it has any: what it registers after
 * their handshake, `checkProtected` sees as well. The official client is loaded here, so that no other command needs it.
 * @throws Fault `server_unreachable`, `server_refused`, `listing_unusable`
 */
export async function ask(asked: Asked): Promise<Listing> {
  const { listing, again } = await askAs(asked, { mode: 'auto', probe: { timeoutMs: FIRST_QUESTION } })
  const later = again ? await askAs(asked, { mode: 'legacy' }).catch(() => undefined) : undefined
  return later === undefined ? listing : together(listing, later.listing)
}

type Negotiation = NonNullable<NonNullable<ConstructorParameters<typeof Client>[1]>['versionNegotiation']>

async function askAs(asked: Asked, versionNegotiation: Negotiation): Promise<{ readonly listing: Listing; readonly again: boolean }> {
  const { Client } = await import('@modelcontextprotocol/client')
  const client = new Client({ name: 'portcullis-classify', version: '0.0.0' }, { versionNegotiation })
  const { transport, lastWords, leave } = await connection(asked)
  try {
    await client.connect(transport, { timeout: TIMEOUT })
    return { listing: readListing(await lists(client), client.getServerVersion()?.name), again: client.getProtocolEra() === 'modern' }
  } catch (error) {
    throw error instanceof Fault ? error : explained(error, asked, lastWords())
  } finally {
    await leave().catch(() => undefined) // a server need not know how to end a session
    await client.close()
  }
}

interface Connection {
  readonly transport: Transport
  readonly lastWords: () => string
  readonly leave: () => Promise<void>
}

async function connection(asked: Asked): Promise<Connection> {
  if (asked.kind === 'url') {
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client')
    const transport = new StreamableHTTPClientTransport(asked.url, { requestInit: { headers: { ...asked.headers } }, redirectPolicy: 'same-origin' })
    return { transport, lastWords: () => '', leave: () => transport.terminateSession() }
  }
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio')
  const environment = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const transport = new StdioClientTransport({ command: asked.command, args: [...asked.args], env: Object.fromEntries(environment), stderr: 'pipe' })
  let said = ''
  transport.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-LAST_WORDS)
  })
  return { transport, lastWords: () => said.trim(), leave: () => Promise.resolve() }
}

/** A server may offer prompts or resources and still not answer one of these questions. */
async function lists(client: Client): Promise<Readonly<Record<string, unknown>>> {
  const { ProtocolError, ProtocolErrorCode } = await import('@modelcontextprotocol/client')
  const options = { timeout: TIMEOUT }
  const optional = async (answer: Promise<Readonly<Record<string, unknown>>>): Promise<Readonly<Record<string, unknown>>> => {
    try {
      return await answer
    } catch (error) {
      if (ProtocolError.isInstance(error) && error.code === Number(ProtocolErrorCode.MethodNotFound)) return {}
      throw error
    }
  }
  const { tools } = await client.listTools(undefined, options)
  return {
    capabilities: client.getServerCapabilities(),
    tools,
    prompts: (await optional(client.listPrompts(undefined, options)))['prompts'],
    resources: (await optional(client.listResources(undefined, options)))['resources'],
    resourceTemplates: (await optional(client.listResourceTemplates(undefined, options)))['resourceTemplates'],
  }
}

function explained(error: unknown, asked: Asked, lastWords: string): Fault {
  const causes = chain(error)
  const status = causes.map((cause) => (cause as { status?: unknown }).status).find((found) => typeof found === 'number')
  const codes = new Set(causes.map((cause) => (cause as { code?: unknown }).code))
  const refused = (text: string): Fault => new Fault('server_refused', text, { cause: error })
  const unreachable = (text: string): Fault => new Fault('server_unreachable', text, { cause: error })
  const where = place(asked)
  if (status === 401 || codes.has(401) || causes.some(({ name }) => name === 'UnauthorizedError')) {
    return refused(`${where} wants to know who asks: give a token with --header 'authorization: Bearer <token>'.`)
  }
  if (status === 403) return refused(`${where} does not let this caller ask: give another token with --header 'authorization: Bearer <token>'.`)
  if (status !== undefined) return refused(`${where} answered ${status}: check that this is the address of its MCP endpoint, path included.`)
  if (codes.has('REQUEST_TIMEOUT')) return unreachable(`${where} did not answer in ${TIMEOUT / 1000} seconds: check that it speaks MCP there, and try again.`)
  if (asked.kind === 'url') return unreachable(`${where} could not be asked (${reason(causes)}): check the address, and that the server is running.`)
  if (codes.has('ENOENT') || codes.has('EACCES')) return unreachable(`${where} could not be started: check that the program exists, or give its whole path.`)
  const words = lastWords === '' ? '' : `, its last words were ${quoted(lastWords)}`
  return unreachable(`${where} did not answer as an MCP server over stdio (${reason(causes)})${words}: run it by hand to see why.`)
}

/** The innermost cause says what happened. */
const reason = (causes: readonly Error[]): string => quoted(causes.at(-1)?.message ?? 'no reason given')

function chain(error: unknown): readonly Error[] {
  const found: Error[] = []
  for (let cause = error; cause instanceof Error && !found.includes(cause); cause = cause.cause) found.push(cause)
  return found
}
