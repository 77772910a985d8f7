import { describe, expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { mcpHost as onV1 } from '@portcullis/mcp/v1'
import { mcpHost as onV2 } from '@portcullis/mcp/v2'
import { ownServer, protect, type Host } from '../src/index.ts'
import { Session } from '../src/session.ts'
import { mayWatch } from '../src/watch.ts'
import { begin, HOSTINGS, raw, type Fetch } from './protect/hostings.ts'
import { LINES } from './protect/lines.ts'
import { tenants, type Tenants } from './protect/tenants.ts'

const watchable = (): Promise<Tenants> => tenants(ownServer({ resources: '*', subscriptions: '*' }))
const uris = (count: number): string[] => Array.from({ length: count }, (_, at) => `file:///${at}`)

describe.each(HOSTINGS.filter(({ name, sessions }) => sessions && !name.includes('floor')))('what is watched in a session, $name', (hosting) => {
  const make = () => {
    const server = new hosting.line.McpServer({ name: 'watched', version: '1.0.0' }, { capabilities: { resources: { subscribe: true } } })
    server.registerResource('a', 'file:///a', {}, async () => ({ contents: [] }))
    hosting.line.handle(server.server, 'resources/subscribe', () => ({}))
    ;(server.server as unknown as { fallbackRequestHandler: unknown }).fallbackRequestHandler = async () => ({})
    return server as never
  }
  const hosted = (set: Tenants): Host => (hosting.line === LINES[0] ? onV1 : onV2)(set.portcullis, { server: make, sessions: {} })
  const byHost = (set: Tenants): Fetch => {
    const host = hosted(set)
    return async (request) => host.fetch(request, { ...(request.method === 'POST' ? { body: JSON.parse(await request.clone().text()) as unknown } : {}), request: { token: set.token.admin, endpoint: { kind: 'tenant' } } })
  }

  for (const [name, fetchOf] of [['a host', byHost], ['protect', (set: Tenants) => hosting.host(protect(set.portcullis, make) as never)]] as const) {
    verifies(['CH-18', 'shed'], `${name} lets 32 resources be watched, and another in the place of one of them`, async () => {
      await using set = await watchable()
      const fetch = fetchOf(set)
      const session = await begin(hosting, fetch, set.token.admin)
      const ask = async (method: string, uri: string): Promise<string> => (await raw(hosting, fetch, set.token.admin, method, { uri }, session)).text
      for (const uri of [...uris(32), 'file:///0']) expect(await ask('resources/subscribe', uri), uri).toContain('"result"')
      expect(await ask('resources/subscribe', 'file:///more')).toMatch(/"code":-31403.*"code":"shed"/)
      expect(await ask('resources/unsubscribe', 'file:///7')).toContain('"result"')
      expect(await ask('resources/subscribe', 'file:///more')).toContain('"result"')
      expect(await ask('resources/subscribe', 'file:///7')).toContain('"code":"shed"')
    })
  }
})

verifies('CH-18', 'what is watched already is no more', () => {
  const wire = { transport: { send: async () => undefined } }
  const { watched } = new Session(wire as never, {}, [])
  for (const uri of uris(32)) watched.add(uri)
  expect([mayWatch(watched, 'file:///31'), mayWatch(watched, 'file:///32')]).toEqual([true, false])
})
