import { randomBytes } from 'node:crypto'
import { pageOf, runVendor, startVendor, type Api, type Reply, type Route, type RunningVendor, type VendorOptions } from './server.ts'
import { canary, CUSTOMERS, HALO_CLIENT_IDS, HALO_CREDENTIALS, MSPS, numbers, type Msp } from './world.ts'

/**
 * A pretended HaloPSA, shaped after its public API: client credentials at /auth/token, PascalCase resources below /api, updates as an
 * array posted to the collection. One difference: HaloPSA deletes with `DELETE /api/Tickets/{id}`; Portcullis gives connector code
 * `get` and `post` only, so deleting is `POST /api/Tickets/delete` with `[{ id }]` here.
 */
interface Ticket {
  readonly id: number
  readonly client_id: number
  readonly client_name: string
  readonly summary: string
  readonly details: string
  readonly dateoccurred: string
  status_id: number
}

const OPEN = 1
const CLOSED = 9
const TICKETS_PER_MSP = 120
const TOPICS = ['Printer jams on floor two', 'Cannot reach the file share', 'Laptop is slow after update', 'New starter needs accounts', 'VPN drops every hour', 'Backup reported errors', 'Phishing mail reported', 'Licence renewal question']

export function startHalo(options: VendorOptions): Promise<RunningVendor> {
  const tickets = new Map(MSPS.map((msp) => [msp, seeded(options.seed, msp)]))
  const actions: { id: number; ticket_id: number; note: string }[] = []
  const tokens = new Map<string, Msp>()
  const of = (msp: Msp): Map<number, Ticket> => tickets.get(msp) as Map<number, Ticket>

  const routes: Route[] = [
    { method: 'GET', path: /^\/api\/Tickets$/, answer: ({ msp, query }) => {
      const client = query.get('client_id')
      const found = [...of(msp).values()].filter((ticket) => (client === null || ticket.client_id === Number(client)) && (query.get('open_only') !== 'true' || ticket.status_id !== CLOSED))
      const page = query.get('pageinate') === 'true' ? pageOf(found, query.get('page_no'), query.get('page_size'), 50) : found
      return { body: { record_count: found.length, tickets: page.map(({ details: _, ...ticket }) => ticket) } }
    } },
    { method: 'GET', path: /^\/api\/Tickets\/(\d+)$/, answer: ({ msp, ids: [id = 0] }) => {
      const ticket = of(msp).get(id)
      return ticket === undefined ? missing() : { body: ticket }
    } },
    { method: 'POST', path: /^\/api\/Tickets$/, slow: true, answer: ({ msp, body }) => {
      const [change] = list(body)
      const ticket = of(msp).get(Number(change?.['id']))
      if (ticket === undefined) return missing()
      if (typeof change?.['status_id'] === 'number') ticket.status_id = change['status_id']
      return { status: 201, body: ticket }
    } },
    { method: 'POST', path: /^\/api\/Tickets\/delete$/, slow: true, answer: ({ msp, body }) => {
      const id = Number(list(body)[0]?.['id'])
      return of(msp).delete(id) ? { body: { id, deleted: true } } : missing()
    } },
    { method: 'POST', path: /^\/api\/Actions$/, slow: true, answer: ({ msp, body }) => {
      const [action] = list(body)
      const ticket_id = Number(action?.['ticket_id'])
      if (!of(msp).has(ticket_id)) return missing()
      const note = { id: actions.length + 1, ticket_id, note: typeof action?.['note'] === 'string' ? action['note'] : '' }
      actions.push(note)
      return { status: 201, body: note }
    } },
    { method: 'GET', path: /^\/api\/Client$/, answer: ({ query }) => {
      const clients = CUSTOMERS.map(({ slug, name }) => ({ id: HALO_CLIENT_IDS[slug], name }))
      return { body: { record_count: clients.length, clients: pageOf(clients, query.get('page_no'), query.get('page_size'), 50) } }
    } },
  ]

  const api: Api = {
    routes,
    mspOf: ({ authorization = '' }) => tokens.get(authorization.replace(/^Bearer /, '')),
    open: (method, path, form) => {
      if (method !== 'POST' || path !== '/auth/token') return undefined
      const msp = MSPS.find((one) => form.get('client_id') === HALO_CREDENTIALS[one].clientId && form.get('client_secret') === HALO_CREDENTIALS[one].clientSecret)
      if (form.get('grant_type') !== 'client_credentials' || msp === undefined) return { status: 401, body: { error: 'invalid_client' } }
      const token = `canary-halo-token-${msp}-${randomBytes(16).toString('hex')}`
      tokens.set(token, msp)
      return { body: { access_token: token, token_type: 'Bearer', expires_in: 3600, scope: form.get('scope') ?? 'all' } }
    },
  }
  return startVendor(api, options)
}

/** Customers' tickets are mixed, and both MSPs use the same ticket ids. */
function seeded(seed: number, msp: Msp): Map<number, Ticket> {
  const next = numbers(`${seed}/halo/${msp}`)
  const tickets = Array.from({ length: TICKETS_PER_MSP }, (_, index): Ticket => {
    const { slug, name } = CUSTOMERS[index % CUSTOMERS.length] as (typeof CUSTOMERS)[number]
    const topic = TOPICS[Math.floor(next() * TOPICS.length)] as string
    const mark = canary(seed, msp, slug)
    return {
      id: 1001 + index, client_id: HALO_CLIENT_IDS[slug], client_name: name, summary: `${topic} (${mark})`, details: `Reported by ${name}. ${topic}. ${mark}`,
      dateoccurred: new Date(Date.UTC(2026, 0, 1) + index * 3_600_000).toISOString(), status_id: next() < 0.7 ? OPEN : CLOSED,
    }
  })
  return new Map(tickets.map((ticket) => [ticket.id, ticket]))
}

function list(body: unknown): Record<string, unknown>[] {
  if (!Array.isArray(body)) throw new TypeError('HaloPSA takes arrays')
  return body as Record<string, unknown>[]
}

function missing(): Reply {
  return { status: 404, body: { error: 'not found' } }
}

if (import.meta.main) await runVendor('halopsa', startHalo)
