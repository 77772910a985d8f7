import { describe, expect } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { protect } from '../../src/index.ts'
import { existing, seen, table } from './existing.ts'
import { LINES, Wire } from './lines.ts'
import { tenants, type Tenants } from './tenants.ts'

/** A transport that a framework of its own kind is in front of: it pings for whoever's request it is given. */
class Framed extends Wire {
  #id = 0

  async handleRequest(context: { readonly req?: { readonly raw?: Request } }): Promise<Response> {
    this.onmessage?.({ jsonrpc: '2.0', id: ++this.#id, method: 'ping' }, { authInfo: { token: /^Bearer (.*)$/.exec(context.req?.raw?.headers.get('authorization') ?? '')?.[1] ?? '', clientId: 'c', scopes: [] } })
    return new Response('entered')
  }
}

/** As a fetch of somebody else's makes it. */
class ForeignRequest {
  readonly url = 'http://127.0.0.1:1/mcp'
  readonly method = 'POST'
  readonly headers: { get(name: string): string | null }

  constructor(token: string) {
    this.headers = { get: (name) => (name === 'authorization' ? `Bearer ${token}` : null) }
  }
}

async function behind(set: Tenants, line: (typeof LINES)[number]) {
  const wire = new Framed()
  await (protect(set.portcullis, () => existing(line, seen()) as never)() as ReturnType<typeof existing>).connect(wire as never)
  const enter = wire.handleRequest as (...sent: unknown[]) => Promise<Response>
  return { enter, wire }
}

describe.each(LINES)('the door of a transport, on $name', (line) => {
  verifies('CH-01', 'SES-02: the request in the context of a framework, and that of another fetch, say who asks', async () => {
    await using set = await tenants(table())
    const { enter, wire } = await behind(set, line)
    const { admin, rival } = set.token
    const framed = (token: string) => ({ req: { raw: new Request('http://127.0.0.1:1/mcp', { headers: { authorization: `Bearer ${token}` } }) }, get: () => undefined })
    expect(await (await enter(framed(admin))).text()).toBe('entered')
    await expect.poll(() => wire.sent).toMatchObject([{ id: 1, result: {} }])
    for (const request of [framed(rival), framed('forged'), new ForeignRequest(rival), new ForeignRequest('')]) expect((await enter(request)).status).toBe(404)
    expect(await (await enter(framed(admin))).text()).toBe('entered')
    expect((await enter(new ForeignRequest(admin))).status).toBe(200)
  })

  verifies('CH-01', 'SES-02: what is neither a request of fetch nor one of Node is refused with a sentence, from the first on', async () => {
    await using set = await tenants(table())
    const { enter, wire } = await behind(set, line)
    const token = { authorization: `Bearer ${set.token.admin}` }
    for (const sent of [[], [undefined], ['a text'], [{ headers: token }], [{ headers: token }, {}], [{ req: { raw: { headers: token } } }], [{ get: () => token }]]) {
      await expect(enter(...sent)).rejects.toThrow(expect.objectContaining({ code: 'server_unguarded', message: expect.stringContaining('neither those of fetch nor those of Node') }))
    }
    expect(wire.sent).toEqual([])
  })
})
