import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createPortcullis, customerKey, defineConnector, inProcess, Secret } from '@portcullis/core'
import { hashSecret, keysFrom, memoryStorage, mintShownSecret, pepperOf } from '@portcullis/core/memory'

const Ticket = z.object({ id: z.number(), client_id: customerKey(z.number()), summary: z.string() })
const psa = defineConnector({
  id: 'psa', title: 'PSA', category: 'psa',
  settings: z.object({ baseUrl: z.url() }), credential: z.object({ apiKey: z.string() }), customer: z.number().int(),
  authorize: { type: 'api_key', header: 'x-api-key' },
  hosts: (settings) => [new URL(settings.baseUrl).host],
  records: { ticket: { id: z.number().int(), owner: async ({ id, vendor, signal }) => Ticket.parse(await vendor.get(`/tickets/${id}`, { signal })).client_id } },
  tools: (tool) => ({
    list: tool({
      title: 'List', description: 'Lists tickets.', risk: 'read', input: z.object({}), output: z.object({ tickets: z.array(Ticket) }),
      run: async ({ vendor, signal }) => ({ tickets: await vendor.get('/tickets', { signal, as: z.array(Ticket) }) }),
    }),
    wipe: tool({
      title: 'Wipe', description: 'Deletes a ticket.', risk: 'destructive', input: z.object({ id: tool.idOf('ticket') }), output: z.object({}),
      run: async ({ input, vendor, signal }) => { await vendor.post(`/tickets/${input.id}/delete`, { signal }); return {} },
    }),
  }),
})

test('a first call is narrowed, and a destructive one is held', async () => {
  const tickets = [{ id: 1, client_id: 10, summary: 'mine' }, { id: 2, client_id: 20, summary: 'theirs' }]
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    const id = Number(/\/tickets\/(\d+)/.exec(request.url ?? '')?.[1])
    response.end(JSON.stringify(Number.isNaN(id) ? tickets : tickets.find((ticket) => ticket.id === id)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const baseUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const keys = keysFrom(new Uint8Array(32).fill(7))
  const { secret, keyId } = mintShownSecret('test')
  await using portcullis = await createPortcullis({
    url: 'https://mcp.example.com', storage: memoryStorage(), keys, connectors: [psa], dispatcher: inProcess(), warn: () => undefined,
    world: {
      tenants: {
        northwind: {
          customers: { acme: {}, globex: {} },
          principals: {
            bot: { kind: 'service', keepers: ['ada'], bindings: [{ role: 'customer_operator', customer: 'acme' }], credentials: [{ id: keyId, secretHash: hashSecret(pepperOf(keys), secret), scopes: ['*'] }] },
          },
          entitlements: { psa: 'entitled' },
          instances: { psa: { connector: 'psa', settings: { baseUrl }, credential: () => Secret.of({ apiKey: 'key-12345678' }), mapping: { acme: 10, globex: 20 } } },
        },
      },
    },
  })
  const exchanged = await portcullis.exchange({ secret })
  if (exchanged.kind !== 'token') throw new Error(exchanged.error)
  const { token } = exchanged
  expect(await portcullis.list({ token })).toMatchObject({ kind: 'list', tools: [{ name: 'psa.list' }, { name: 'psa.wipe' }] })
  expect(await portcullis.enforce({ token, tool: 'psa.list', arguments: {} })).toMatchObject({ kind: 'result', text: '{"tickets":[{"id":1,"client_id":10,"summary":"mine"}]}' })
  expect(await portcullis.enforce({ token, tool: 'psa.wipe', arguments: { id: 2 } })).toMatchObject({ kind: 'denial', code: 'customer_out_of_scope' })
  expect(await portcullis.enforce({ token, tool: 'psa.wipe', arguments: { id: 1 } })).toMatchObject({ kind: 'hold', code: 'approval_required' })
  expect(await portcullis.enforce({ token, tool: 'psa.wipe', arguments: { id: 1 } })).toMatchObject({ kind: 'hold', code: 'approval_pending' })
  expect(`${await portcullis.explain({ token, tool: 'psa.wipe', arguments: { id: 1 } }, 'caller')}`).toContain('10 HOLD approval')
  server.close()
})
