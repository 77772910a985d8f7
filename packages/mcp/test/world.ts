import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { z } from 'zod'
import { createPortcullis, customerKey, defineConnector, Secret, type Portcullis, type World } from '@portcullis/core'
import { hashSecret, keysFrom, memoryStorage, mintShownSecret, pepperOf } from '@portcullis/core/memory'
import type { Dispatcher, DispatchJob } from '@portcullis/core/ports'

/** Two tenants with the same tools, people and service accounts, and a vendor that is only pretended. */
export const url = 'https://mcp.example.com'
const issuer = 'https://login.northwind.example'
const keys = keysFrom(new Uint8Array(32).fill(7))
const pair = generateKeyPairSync('ed25519')

const Ticket = z.object({ id: z.number(), client_id: customerKey(z.number()), summary: z.string() })
const psa = defineConnector({
  id: 'psa', title: 'PSA', category: 'psa',
  settings: z.object({ baseUrl: z.url() }), credential: z.object({ apiKey: z.string() }), customer: z.number().int(),
  authorize: { type: 'api_key', header: 'x-api-key' },
  hosts: (settings) => [new URL(settings.baseUrl).host],
  records: { ticket: { id: z.number().int(), owner: async () => undefined } },
  tools: (tool) => ({
    list: tool({ title: 'List', description: 'Lists tickets.', risk: 'read', input: z.object({ note: z.string().meta({ 'x-mcp-header': 'Note', examples: ['x'] }).optional() }), output: z.object({ tickets: z.array(Ticket) }), run: async () => ({ tickets: [] }) }),
    close: tool({ title: 'Close', description: 'Closes a ticket.', risk: 'write', input: z.object({ id: tool.idOf('ticket') }), output: z.object({}), run: async () => ({}) }),
    export: tool({ title: 'Export', description: 'Exports tickets.', risk: 'read', sensitive: true, input: z.object({}), output: z.object({}), run: async () => ({}) }),
    wipe: tool({ title: 'Wipe', description: 'Deletes a ticket.', risk: 'destructive', input: z.object({ id: tool.idOf('ticket'), why: z.string().optional() }), output: z.object({}), run: async () => ({}) }),
  }),
})

const tickets = [{ id: 1, client_id: 10, summary: 'mine' }, { id: 2, client_id: 20, summary: 'theirs' }]

const secrets = Object.fromEntries(['bot', 'admin', 'viewer', 'narrow', 'rival'].map((name) => [name, mintShownSecret('test')]))
export type Account = 'bot' | 'admin' | 'viewer' | 'narrow' | 'rival'
export const secretOf = (account: Account): { secret: string; keyId: string } => secrets[account]!

const credential = (account: Account, scopes: string[] = ['*']) => [{ id: secretOf(account).keyId, secretHash: hashSecret(pepperOf(keys), secretOf(account).secret), scopes }]
const instance = (mapping: Record<string, number>) => ({ psa: { connector: 'psa', settings: { baseUrl: 'https://psa.example' }, credential: () => Secret.of({ apiKey: 'vendor-key-12345678' }), mapping } })

const world: World = {
  issuers: [{ issuer, tenant: 'northwind', jwks: { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1' }] } }],
  tenants: {
    northwind: {
      customers: { acme: {}, globex: {}, gone: { active: false } },
      principals: {
        bot: { kind: 'service', keepers: ['ada'], bindings: [{ role: 'customer_operator', customer: 'acme' }], credentials: credential('bot') },
        admin: { kind: 'service', keepers: ['ada'], bindings: [{ role: 'tenant_admin' }], credentials: credential('admin') },
        viewer: { kind: 'service', keepers: ['ada'], bindings: [{ role: 'customer_viewer', customer: 'acme' }], credentials: credential('viewer') },
        narrow: { kind: 'service', keepers: ['ada'], bindings: [{ role: 'customer_operator', customer: 'acme' }], credentials: credential('narrow', ['tool:psa.list', 'tool:psa.close']) },
        ada: { kind: 'human', identity: { issuer, subject: 'ada' }, bindings: [{ role: 'tenant_owner' }], secondFactorSince: 0 },
        bo: { kind: 'human', identity: { issuer, subject: 'bo' }, bindings: [{ role: 'tenant_admin' }], secondFactorSince: 0 },
        op: { kind: 'human', identity: { issuer, subject: 'op' }, bindings: [{ role: 'customer_operator', customer: 'acme' }], secondFactorSince: 0 },
      },
      entitlements: { psa: 'entitled' },
      instances: instance({ acme: 10, globex: 20 }),
    },
    southridge: {
      customers: { initech: {} },
      principals: { rival: { kind: 'service', keepers: ['eve'], bindings: [{ role: 'customer_operator', customer: 'initech' }], credentials: credential('rival') } },
      entitlements: { psa: 'entitled' },
      instances: instance({ initech: 20 }),
    },
  },
}

export interface Stage {
  readonly portcullis: Portcullis
  /** Jobs in the order in which they were dispatched. */
  readonly jobs: DispatchJob[]
  /** Everything that was reported as a fault or a warning. */
  readonly warnings: unknown[]
  /** Replaces what the vendor answers. */
  answer: Dispatcher['dispatch']
  token(account: Account, more?: { customer?: string; scopes?: readonly string[] }): Promise<string>
}

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** A token of northwind's own identity provider, signed in `age` seconds ago with a second factor. */
export function humanToken(subject: 'ada' | 'bo' | 'op', age = 5, more: object = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const signed = `${encode({ alg: 'Ed25519', typ: 'at+jwt', kid: 'k1' })}.${encode({ iss: issuer, aud: url, sub: subject, jti: randomUUID(), iat: now - 5, exp: now + 600, auth_time: now - Math.max(age, 5), amr: ['pwd', 'otp'], ...more })}`
  return `${signed}.${sign(null, Buffer.from(signed), pair.privateKey).toString('base64url')}`
}

export async function stage(change: (world: World) => World = (same) => same): Promise<Stage & AsyncDisposable> {
  const jobs: DispatchJob[] = []
  const warnings: unknown[] = []
  const dispatcher: Dispatcher = {
    dispatch: (job) => {
      jobs.push(job)
      return set.answer(job)
    },
    owner: async ({ id }) => ({ kind: 'owner', key: tickets.find((ticket) => ticket.id === id)?.client_id }),
  }
  const portcullis = await createPortcullis({
    url, storage: memoryStorage(), keys, connectors: [psa], dispatcher, world: change(world), warn: (...what) => void warnings.push(what),
  })
  const set: Stage & AsyncDisposable = {
    portcullis, jobs, warnings,
    answer: async ({ tool }) => ({ kind: 'succeeded', value: tool.name === 'list' ? { tickets } : {} }),
    async token(account, more = {}) {
      const exchanged = await portcullis.exchange({ secret: secretOf(account).secret, ...more })
      if (exchanged.kind !== 'token') throw new Error(exchanged.error)
      return exchanged.token
    },
    [Symbol.asyncDispose]: () => portcullis.close(),
  }
  return set
}

/** Everything that northwind's log says. */
export async function logOf(portcullis: Portcullis): Promise<string> {
  let log = ''
  for await (const line of portcullis.exportLog('northwind')) log += `${Buffer.from(line).toString()}\n`
  return log
}
