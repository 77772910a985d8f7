import { z } from 'zod'
import { HALO_CREDENTIALS, type Msp } from '../vendors/world.ts'

/** Opens the vendors' own logs to the demo. The gateway does not know it. */
export const VENDOR_ADMIN = 'demo-admin'

const Log = z.object({ requests: z.array(z.object({ number: z.number(), msp: z.string().nullable(), method: z.string(), path: z.string(), query: z.record(z.string(), z.string()), status: z.number() })) })
export type Asked = z.infer<typeof Log>['requests'][number]

/** Every request that the vendor has seen after the given one: what was asked, and what never was. */
export async function askedSince(url: string, number = 0): Promise<readonly Asked[]> {
  const response = await fetch(`${url}/__log`, { headers: { 'x-admin': VENDOR_ADMIN } })
  return Log.parse(await response.json()).requests.filter((request) => request.number > number)
}

/** The number of the vendor's last request. */
export const mark = async (url: string): Promise<number> => (await askedSince(url)).at(-1)?.number ?? 0

/** Waits until the vendor has been asked for a write that it has not answered yet. */
export async function untilWriting(url: string, since: number): Promise<Asked> {
  for (const until = performance.now() + 20_000; performance.now() < until; ) {
    const writing = (await askedSince(url, since)).find(({ method, status }) => method === 'POST' && status === 0)
    if (writing !== undefined) return writing
  }
  throw new Error('The vendor was not asked to write.')
}

const Tickets = z.object({ tickets: z.array(z.object({ id: z.number(), client_id: z.number() })) })
export type Ticket = z.infer<typeof Tickets>['tickets'][number]

/** HaloPSA asked directly with the MSP's key, without any gateway. */
export async function ticketsAtHalo(url: string, msp: Msp): Promise<readonly Ticket[]> {
  const { clientId, clientSecret } = HALO_CREDENTIALS[msp]
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret })
  const { access_token } = z.object({ access_token: z.string() }).parse(await (await fetch(`${url}/auth/token`, { method: 'POST', body: form })).json())
  return Tickets.parse(await (await fetch(`${url}/api/Tickets`, { headers: { authorization: `Bearer ${access_token}` } })).json()).tickets
}
