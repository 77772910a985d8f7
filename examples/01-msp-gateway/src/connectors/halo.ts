import { countOf, customerKey, defineConnector, type Connector } from '@portcullis/core'
import { z } from 'zod'

const CLOSED = 9
const PAGE = 50

const Ticket = z.object({ id: z.number().int(), client_id: customerKey(z.number().int()), client_name: z.string(), summary: z.string(), status_id: z.number().int(), dateoccurred: z.string() })
const FullTicket = Ticket.extend({ details: z.string() })

/** Every page of HaloPSA's ticket list. It is told no customer: the gateway narrows the answer. */
const everyTicket = {
  as: Ticket,
  items: (page: unknown) => TicketPage.parse(page).tickets,
  next: (page: unknown, number: number) => (number * PAGE < TicketPage.parse(page).record_count ? { page_no: number + 1 } : undefined),
}
const TicketPage = z.object({ record_count: z.number(), tickets: z.array(z.unknown()) })
const pages = { pageinate: true, page_no: 1, page_size: PAGE }

/**
 * HaloPSA. One API key sees every customer of the MSP, and nothing in here knows what a customer may see: a list is fetched whole and
 * narrowed on the way out, a record named by a write is checked through `records` before the write. In production one would add
 * `client_id: customer.key` to the list's query, for speed only; this example leaves it out to show that nothing depends on it.
 */
export const halo: Connector = defineConnector({
  id: 'halopsa',
  title: 'HaloPSA',
  category: 'psa',
  settings: z.object({ baseUrl: z.url() }),
  credential: z.object({ clientId: z.string().min(1), clientSecret: z.string().min(1) }),
  customer: z.number().int(),
  authorize: { type: 'oauth2_client_credentials', tokenUrl: (settings) => new URL('/auth/token', settings.baseUrl).href, scope: 'all' },
  hosts: (settings) => [new URL(settings.baseUrl).host],
  probe: async ({ vendor, signal }) => {
    await vendor.get('/api/Client', { query: { pageinate: true, page_no: 1, page_size: 1 }, signal })
    return 'healthy'
  },
  records: {
    ticket: { id: z.number().int(), owner: async ({ id, vendor, signal }) => (await vendor.get(`/api/Tickets/${id}`, { signal, as: Ticket })).client_id },
  },
  tools: (tool) => ({
    list_tickets: tool({
      title: 'List tickets',
      description: 'Lists the tickets of the customer.',
      risk: 'read',
      clear: ['open_only'],
      input: z.object({ open_only: z.boolean().optional() }),
      output: z.object({ tickets: z.array(Ticket), count: countOf('tickets') }),
      run: async ({ input, vendor, signal }) => {
        const tickets = await vendor.all('/api/Tickets', { ...everyTicket, query: { ...pages, open_only: input.open_only }, signal })
        return { tickets, count: tickets.length }
      },
    }),
    get_ticket: tool({
      title: 'Get a ticket',
      description: 'Reads one ticket with its details.',
      risk: 'read',
      clear: ['id'],
      input: z.object({ id: tool.idOf('ticket') }),
      output: z.object({ ticket: FullTicket }),
      run: async ({ input, vendor, signal }) => ({ ticket: await vendor.get(`/api/Tickets/${input.id}`, { signal, as: FullTicket }) }),
    }),
    add_note: tool({
      title: 'Add a note',
      description: 'Adds a note to a ticket.',
      risk: 'write',
      clear: ['id'],
      input: z.object({ id: tool.idOf('ticket'), note: z.string().min(1).max(4_000) }),
      output: z.object({ ticket: FullTicket }),
      run: async ({ input, vendor, signal }) => {
        // Read first: whatever can fail without effect should fail before the effect.
        const ticket = await vendor.get(`/api/Tickets/${input.id}`, { signal, as: FullTicket })
        await vendor.post('/api/Actions', { body: [{ ticket_id: input.id, note: input.note }], signal })
        return { ticket }
      },
    }),
    close_ticket: tool({
      title: 'Close a ticket',
      description: 'Sets the status of a ticket to closed.',
      risk: 'write',
      clear: ['id'],
      input: z.object({ id: tool.idOf('ticket') }),
      output: z.object({ ticket: FullTicket }),
      run: async ({ input, vendor, signal }) => ({ ticket: await vendor.post('/api/Tickets', { body: [{ id: input.id, status_id: CLOSED }], signal, as: FullTicket }) }),
    }),
    delete_ticket: tool({
      title: 'Delete a ticket',
      description: 'Deletes a ticket for good. Needs an approval.',
      risk: 'destructive',
      clear: ['id'],
      // The reason is for whoever approves; HaloPSA has no field for it.
      input: z.object({ id: tool.idOf('ticket'), reason: z.string().max(1_000).optional() }),
      output: z.object({ deleted: FullTicket }),
      run: async ({ input, vendor, signal }) => {
        const deleted = await vendor.get(`/api/Tickets/${input.id}`, { signal, as: FullTicket })
        await vendor.post('/api/Tickets/delete', { body: [{ id: input.id }], signal })
        return { deleted }
      },
    }),
    ticket_totals: tool({
      title: 'Ticket totals',
      description: 'Counts all and open tickets of every customer of the MSP.',
      risk: 'read',
      scope: 'tenant',
      input: z.object({}),
      output: z.object({ tickets: z.number().int(), open: z.number().int(), customers: z.array(z.object({ client_id: z.number().int(), client_name: z.string(), tickets: z.number().int(), open: z.number().int() })) }),
      run: async ({ vendor, signal }) => {
        const all = await vendor.all('/api/Tickets', { ...everyTicket, query: pages, signal })
        const open = (tickets: typeof all) => tickets.filter((ticket) => ticket.status_id !== CLOSED).length
        const customers = [...Map.groupBy(all, (ticket) => ticket.client_id)].map(([client_id, tickets]) => ({ client_id, client_name: tickets[0]?.client_name ?? '', tickets: tickets.length, open: open(tickets) }))
        return { tickets: all.length, open: open(all), customers }
      },
    }),
  }),
})
