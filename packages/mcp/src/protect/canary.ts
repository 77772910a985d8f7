import { ANSWERED } from '../methods.ts'
import { isPlainObject } from '../message.ts'
import { hookHandlers } from './handler-map.ts'
import { unguarded, type Handler, type LowServer, type TransportLike } from './sdk.ts'

const PATIENCE_MS = 2_000
const CAPABILITIES = {
  tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, prompts: { listChanged: true }, completions: {}, logging: {},
  tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } },
}
const TASKS = ['tasks/get', 'tasks/result', 'tasks/list', 'tasks/cancel']
const INVENTED = 'portcullis/canary'
const METHODS = ['initialize', 'ping', 'logging/setLevel', ...ANSWERED, ...TASKS, INVENTED]
const METHOD_NOT_FOUND = -32601
const REFUSED = { code: -31403, message: 'canary' }

type Constructor = new (info: object, options: object) => LowServer

const proven = new WeakMap<object, Promise<void>>()

/**
 * Proves by trying, once for each class of servers: a throw-away instance with a real handler for each method is asked everything, and
 * the guard must be asked each time, no handler must run, and an error must come back. A version number would prove nothing.
 * @throws Fault `server_unguarded`
 */
export function proveGuarded({ constructor }: LowServer): Promise<void> {
  const known = proven.get(constructor) ?? prove(constructor as unknown as Constructor)
  proven.set(constructor, known)
  known.catch(() => undefined) // told at each connect
  return known
}

async function prove(constructor: Constructor): Promise<void> {
  let server: LowServer
  try {
    server = new constructor({ name: 'canary', version: '0.0.0' }, { capabilities: CAPABILITIES })
  } catch (cause) {
    throw unguarded('The class of this server cannot be tried out: its constructor must take (info, options), like the one of the SDK.', cause)
  }
  const ran: string[] = []
  const asked = new Set<string>()
  const registered = METHODS.filter((method) => method !== INVENTED && register(server, method, () => { ran.push(method); return {} }))
  server.fallbackRequestHandler = () => { ran.push('fallback'); return {} }
  hookHandlers(server, (method) => () => {
    asked.add(method)
    throw Object.assign(new Error(REFUSED.message), REFUSED)
  })
  const answers = await answersOf(server)
  const flaw = ran.length > 0 ? ran : METHODS.filter((method) => !isRefused(method, answers.get(method), asked, registered))
  if (flaw.length > 0) throw unguarded(`This version of the SDK answers ${flaw.join(', ')} past the guard.`)
}

/** The SDK may refuse by itself what its line does not have; whatever has a handler must come to the guard. */
function isRefused(method: string, error: unknown, asked: ReadonlySet<string>, registered: readonly string[]): boolean {
  if (!isPlainObject(error)) return false
  return asked.has(method) ? error['code'] === REFUSED.code : error['code'] === METHOD_NOT_FOUND && !registered.includes(method) && TASKS.includes(method)
}

/** By name for the second line, by a schema with a literal `method` for the first. False where the line does not know the method. */
function register(server: LowServer, method: string, handler: Handler): boolean {
  const schema = { shape: { method: { _def: { value: method } } }, safeParse: (data: unknown) => ({ success: true, data }), parse: (data: unknown) => data }
  return [method, schema].some((what) => {
    try {
      server.setRequestHandler(what, handler)
      return true
    } catch {
      return false
    }
  })
}

async function answersOf(server: LowServer): Promise<ReadonlyMap<string, unknown>> {
  const answers = new Map<string, unknown>()
  const { promise: all, resolve } = Promise.withResolvers<void>()
  const transport: TransportLike & { start: () => Promise<void>; close: () => Promise<void> } = {
    start: async () => undefined,
    close: async () => undefined,
    send: async (message) => {
      if (!isPlainObject(message) || typeof message['id'] !== 'string') return
      answers.set(message['id'], 'error' in message ? message['error'] : 'success')
      if (answers.size === METHODS.length) resolve()
    },
  }
  await server.connect(transport)
  for (const method of METHODS) transport.onmessage?.({ jsonrpc: '2.0', id: method, method, params: PARAMS }, {})
  const timer = setTimeout(resolve, PATIENCE_MS)
  await all
  clearTimeout(timer)
  await server.close().catch(() => undefined)
  return answers
}

/** Enough of everything for an SDK that looks before it asks. */
const PARAMS = {
  name: 'canary', uri: 'canary:', arguments: {}, level: 'info', taskId: 'canary', ref: { type: 'ref/prompt', name: 'canary' }, argument: { name: 'canary', value: '' },
  protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'canary', version: '0.0.0' },
}
