import { NO_SESSION, refusalResponse } from '../refusals.ts'
import { isPlainObject } from '../message.ts'

/** What Node's server gives and takes, as far as it is needed here. */
interface NodeResponse {
  writeHead(status: number, headers: Readonly<Record<string, string>>): { end(body: string): void }
}

/** By which transports of both lines take HTTP requests: of fetch, and of Node. */
const ENTRANCES = ['handleRequest', 'handlePostMessage'] as const

/**
 * A session id is a name and no capability. Streams of changes, answers to questions and the end of a session never meet a handler, so
 * they are judged before the transport sees them: for anybody but its owner, a session is not there.
 */
export function guardDoor(transport: object, isOwner: (context: object) => Promise<boolean>): void {
  for (const entrance of ENTRANCES) {
    const handle = (transport as Readonly<Record<string, unknown>>)[entrance]
    if (typeof handle !== 'function') continue
    const enter = handle.bind(transport) as (...sent: unknown[]) => Promise<unknown>
    const guarded = async (...sent: unknown[]): Promise<unknown> => {
      const [request, second] = sent
      if (request instanceof Request) return (await isOwner({ mcpReq: {}, http: { req: request, authInfo: isPlainObject(second) ? second['authInfo'] : undefined } })) ? enter(...sent) : refusalResponse(NO_SESSION, null)
      const { headers, url, auth } = request as { readonly headers: unknown; readonly url: unknown; readonly auth: unknown }
      if (await isOwner({ requestInfo: { headers, url }, authInfo: auth })) return enter(...sent)
      const refused = refusalResponse(NO_SESSION, null)
      return (second as NodeResponse).writeHead(refused.status, Object.fromEntries(refused.headers)).end(await refused.text())
    }
    Object.defineProperty(transport, entrance, { value: guarded, configurable: true, writable: true })
  }
}
