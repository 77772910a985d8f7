import { z } from 'zod'
import { canary, HALO_CLIENT_IDS } from '../vendors/world.ts'
import type { Scene } from './scene.ts'
import { SEED } from './seed.ts'
import { askedSince, mark, ticketsAtHalo } from './vendor.ts'

const Answered = z.object({ tickets: z.array(z.object({ client_id: z.number(), summary: z.string() })), count: z.number() })

/** One vendor key sees every customer. What leaves the gateway is one customer's. */
export async function narrowing(scene: Scene): Promise<void> {
  const { story, halo } = scene
  const everything = await ticketsAtHalo(halo.url, 'northwind')
  const clients = new Set(everything.map(({ client_id }) => client_id))
  story.equal("HaloPSA itself, asked with Northwind's key, returns 120 tickets of 3 customers", [everything.length, clients.size], [120, 3])

  const before = await mark(halo.url)
  await using agent = await scene.agent('northwind', 'acme-operator-bot')
  const { tickets, count } = Answered.parse((await agent.call('halo.list_tickets')).data)
  const asked = (await askedSince(halo.url, before)).filter(({ path }) => path === '/api/Tickets')
  story.holds('through the gateway, HaloPSA was asked for everybody\'s tickets as well', asked.length > 0 && asked.every(({ query }) => query['client_id'] === undefined), asked)
  story.equal("what came out are Acme's 40, and the count says 40", [tickets.length, count], [40, 40])
  story.holds("each of them carries Acme's key", tickets.every(({ client_id }) => client_id === HALO_CLIENT_IDS.acme))

  for (const msp of ['northwind', 'southridge'] as const) {
    await using twin = await scene.agent(msp, 'acme-operator-bot')
    const seen = JSON.stringify((await twin.call('halo.list_tickets')).data)
    const marks = new Set(seen.match(/canary-[a-z]+-[a-z]+-[0-9a-f]{8}/g))
    story.equal(`${msp}'s Acme: the only hidden mark in its answer is its own`, Array.from(marks), [canary(SEED, msp, 'acme')])
  }
}
