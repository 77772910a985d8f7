import { createPortcullis, customerKey, defineConnector, inProcess, ownInstance, Secret, selfConnector, type Connector, type Portcullis, type World } from '@portcullis/core'
import { hashSecret, keysFrom, memoryStorage, mintShownSecret, pepperOf } from '@portcullis/core/memory'
import type { Clock, Dispatcher, Storage } from '@portcullis/core/ports'
import { ownServer } from '@portcullis/mcp'
import { z } from 'zod'

const keys = keysFrom(new Uint8Array(32).fill(1))
const { secret, keyId } = mintShownSecret('bench')

const credential = { id: keyId, secretHash: hashSecret(pepperOf(keys), secret), scopes: ['*'] }

export const Ticket = z.object({ id: z.number(), client_id: customerKey(z.number()), summary: z.string() })

/** A connector with so many reading tools. */
export const connectorWith = (count: number): Connector =>
  defineConnector({
    id: 'bench', title: 'Bench', category: 'psa', settings: z.object({ baseUrl: z.url() }), credential: z.object({ apiKey: z.string() }), customer: z.number().int(),
    authorize: { type: 'api_key', header: 'x-api-key' }, hosts: (settings) => [new URL(settings.baseUrl).host],
    tools: (tool) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          `list_${index}`,
          tool({
            title: `List ${index}`, description: 'Lists tickets.', risk: 'read', input: z.object({ status: z.string().max(20).optional() }), output: z.object({ tickets: z.array(Ticket) }),
            run: async () => ({ tickets: [] }),
          }),
        ]),
      ),
  })

export const worldOf = (): World => ({
  tenants: {
    northwind: {
      customers: { acme: {}, globex: {} },
      limits: { included: 1e9, tenantPerMinute: 1e9, principalPerMinute: 1e9 },
      principals: {
        bot: { kind: 'service', keepers: [], bindings: [{ role: 'customer_operator', customer: 'acme' }], credentials: [credential] },
      },
      entitlements: { bench: 'entitled' },
      instances: { psa: { connector: 'bench', settings: { baseUrl: 'https://vendor.example' }, credential: () => Secret.of({ apiKey: 'key-12345678' }), mapping: { acme: 10, globex: 20 } } },
    },
  },
})

export const ANSWER = { tickets: [{ id: 1, client_id: 10, summary: 'mine' }, { id: 2, client_id: 20, summary: 'theirs' }] }

/** Answers at once: what is measured is the chain, not a vendor. */
export const still: Dispatcher = {
  dispatch: async () => ({ kind: 'succeeded', value: ANSWER }),
  owner: async () => ({ kind: 'owner', key: 10 }),
}

export interface Deployment {
  readonly portcullis: Portcullis
  readonly token: string
}

export async function deploy(options: { readonly tools: number; readonly storage?: Storage; readonly clock?: Clock }): Promise<Deployment> {
  const portcullis = await createPortcullis({
    url: 'https://mcp.example.com', storage: options.storage ?? memoryStorage(), keys, connectors: [connectorWith(options.tools)], dispatcher: still, world: worldOf(), warn: () => undefined,
  })
  return admitted(portcullis)
}

const listing = <T>(tools: number, tool: T): Readonly<Record<string, T>> => Object.fromEntries(Array.from({ length: tools }, (_, index) => [`list_${index}`, tool]))

/** What a tool of a server that somebody already wrote answers. */
export const answerAsMcp = async () => ({ content: [{ type: 'text' as const, text: JSON.stringify(ANSWER) }], structuredContent: ANSWER })

/** Tools of a server that somebody already wrote, as `protect` has them: they run where the request that asked goes on. */
export const protectedTools = (tools: number): Connector => ownServer({ tools: listing(tools, 'read' as const) })

/** The same targets without any server: what remains is what the chain itself costs. */
export const bareTargets = (tools: number): Connector =>
  selfConnector({ title: 'Bare', tools: listing(tools, { risk: 'read', description: 'Lists tickets.', definition: { inputSchema: { type: 'object' } }, input: 'any', run: answerAsMcp } as const) })

/** A server's own tools, called for the whole tenant. */
export async function deployOwn(own: Connector): Promise<Deployment> {
  const { northwind } = worldOf().tenants
  if (northwind === undefined) throw new Error('the world has no tenant')
  const bot = { kind: 'service', keepers: [], bindings: [{ role: 'tenant_operator' }], credentials: [credential] } as const
  const instances = { own: ownInstance() }
  return admitted(await createPortcullis({
    url: 'https://mcp.example.com', storage: memoryStorage(), keys, connectors: [own], dispatcher: inProcess(), warn: () => undefined,
    world: { tenants: { northwind: { ...northwind, principals: { bot }, entitlements: { self: 'entitled' }, instances } } },
  }))
}

async function admitted(portcullis: Portcullis): Promise<Deployment> {
  const exchanged = await portcullis.exchange({ secret })
  if (exchanged.kind !== 'token') throw new Error(exchanged.error)
  return { portcullis, token: exchanged.token }
}
