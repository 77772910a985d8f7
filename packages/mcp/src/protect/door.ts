import { NO_SESSION, refusalResponse } from '../refusals.ts'
import { isPlainObject } from '../message.ts'
import { unguarded } from './sdk.ts'
import { isHeaders } from './token.ts'

/** What Node's server gives and takes, as far as it is needed here. */
interface NodeResponse {
  writeHead(status: number, headers: Readonly<Record<string, string>>): { end(body: string): void }
}

/** By which transports of both lines take HTTP requests: of fetch, and of Node. */
const ENTRANCES = ['handleRequest', 'handlePostMessage'] as const

/**
 * A session id is a name and no capability. Streams of changes, answers to questions and the end of a session never meet a handler, so
 * they are judged before the transport sees them: for anybody but its owner, a session is not there. A request of a form that is not known
 * rejects with a Fault `server_unguarded`.
 */
export function guardDoor(transport: object, isOwner: (context: object) => Promise<boolean>): void {
  for (const entrance of ENTRANCES) {
    const handle = (transport as Readonly<Record<string, unknown>>)[entrance]
    if (typeof handle !== 'function') continue
    const enter = handle.bind(transport) as (...sent: unknown[]) => Promise<unknown>
    const guarded = async (...sent: unknown[]): Promise<unknown> => {
      const [first, second] = sent
      const request = fetchRequestIn(first)
      if (request !== undefined) return (await isOwner({ mcpReq: {}, http: { req: request, authInfo: isPlainObject(second) ? second['authInfo'] : undefined } })) ? enter(...sent) : refusalResponse(NO_SESSION, null)
      if (!isPlainObject(first) || !isPlainObject(first['headers']) || !isNodeResponse(second)) throw unguarded('The transport is given requests that are neither those of fetch nor those of Node: whose they are cannot be told.')
      const { headers, url, auth } = first
      if (await isOwner({ requestInfo: { headers, url }, authInfo: auth })) return enter(...sent)
      const refused = refusalResponse(NO_SESSION, null)
      return second.writeHead(refused.status, Object.fromEntries(refused.headers)).end(await refused.text())
    }
    Object.defineProperty(transport, entrance, { value: guarded, configurable: true, writable: true })
  }
}

const isNodeResponse = (value: unknown): value is NodeResponse => isPlainObject(value) && typeof value['writeHead'] === 'function'

/** A request of fetch, or the one in the context of a framework that is built on it. */
function fetchRequestIn(given: unknown): unknown {
  if (!isPlainObject(given)) return undefined
  const raw = isPlainObject(given['req']) ? given['req']['raw'] : undefined
  return [given, raw].find((request) => isPlainObject(request) && isHeaders(request['headers']))
}
