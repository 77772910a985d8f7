import { z } from 'zod'

export interface Ticket {
  readonly id: number
  readonly summary: string
  readonly status: 'open' | 'closed'
}

/** Two customers of this desk, with the same ids on purpose. */
const FIRST: Readonly<Record<string, readonly Ticket[]>> = {
  northwind: [
    { id: 1, summary: 'Printer on floor 3 is on fire', status: 'open' },
    { id: 2, summary: 'New laptop for Nora', status: 'open' },
    { id: 3, summary: 'VPN drops at noon', status: 'closed' },
  ],
  southridge: [
    { id: 1, summary: 'Payroll export is empty', status: 'open' },
    { id: 2, summary: 'Reset the door code', status: 'open' },
  ],
}

/** The tickets of everybody, as the server has kept them all along: by tenant, in memory. */
export class Desk {
  readonly #tickets = new Map(Object.entries(FIRST).map(([tenant, tickets]) => [tenant, [...tickets]]))

  list(tenant: string, status?: Ticket['status']): readonly Ticket[] {
    return (this.#tickets.get(tenant) ?? []).filter((ticket) => status === undefined || ticket.status === status)
  }

  find(tenant: string, id: number): Ticket {
    const ticket = this.list(tenant).find((one) => one.id === id)
    if (ticket === undefined) throw new Error(`There is no ticket ${id}.`)
    return ticket
  }

  close(tenant: string, id: number): Ticket {
    const closed: Ticket = { ...this.find(tenant, id), status: 'closed' }
    this.#tickets.set(tenant, this.list(tenant).map((ticket) => (ticket.id === id ? closed : ticket)))
    return closed
  }

  wipe(tenant: string): number {
    const { length } = this.list(tenant)
    this.#tickets.set(tenant, [])
    return length
  }
}

/** How a handler learns whose tickets it is about: `context` is what the SDK gives to every handler. */
export type TenantOf = (context: unknown) => string

/** What both SDK lines register. */
export const LIST = {
  title: 'List tickets', description: 'Lists the tickets of the help desk.',
  inputSchema: z.object({ status: z.enum(['open', 'closed']).optional() }), annotations: { readOnlyHint: true },
}
export const CLOSE = {
  title: 'Close a ticket', description: 'Closes one ticket. It can be opened again.',
  inputSchema: z.object({ id: z.number().int() }), annotations: { readOnlyHint: false, destructiveHint: false },
}
export const WIPE = {
  title: 'Delete all tickets', description: 'Deletes every ticket for ever.',
  inputSchema: z.object({}), annotations: { destructiveHint: true },
}
export const HANDBOOK = 'desk:///handbook'
export const TICKET = 'desk:///tickets/{id}'
export const REPLY = { title: 'Reply to a ticket', description: 'Drafts an answer to whoever opened a ticket.' }
export const REPLY_ARGUMENTS = z.object({ id: z.string() })

export const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] })
export const page = (uri: URL, words: string) => ({ contents: [{ uri: uri.href, mimeType: 'text/plain', text: words }] })
export const lines = (tickets: readonly Ticket[]): string => tickets.map(({ id, status, summary }) => `${id} ${status} ${summary}`).join('\n')
export const draft = ({ summary }: Ticket) => ({
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text: `Draft a friendly answer to: ${summary}` } }],
})
