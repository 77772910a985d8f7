import { z } from 'zod'
import { canary } from '../vendors/world.ts'
import type { Agent } from './agent.ts'
import type { Scene } from './scene.ts'
import { SEED } from './seed.ts'
import { askedSince, mark } from './vendor.ts'
import { ACME_TICKET, GLOBEX_TICKET } from './writes.ts'

const Answered = z.object({ ticket: z.object({ id: z.number(), summary: z.string() }) })
/** Calls of each client, all under way at once. */
const CALLS = 30
/** Every third ticket is the same customer's. */
const EVERY = 3

/** Clients whose calls mix, at one gateway and one vendor: every answer goes to who asked for it. */
export async function interleaving(scene: Scene): Promise<void> {
  const { story, halo } = scene
  await using north = await scene.agent('northwind', 'acme-operator-bot')
  await using south = await scene.agent('southridge', 'acme-operator-bot')
  await mixed('an agent of Northwind and one of Southridge', north, canary(SEED, 'northwind', 'acme'), ACME_TICKET, south, canary(SEED, 'southridge', 'acme'), ACME_TICKET)

  // One account, one token: nothing but the endpoint tells these two apart.
  await using acme = await scene.agent('northwind', 'field-bot', { endpoint: '/mcp/customers/acme' })
  await using globex = await scene.agent('northwind', 'field-bot', { endpoint: '/mcp/customers/globex' })
  await mixed("field-bot's two clients, at /mcp/customers/acme and /mcp/customers/globex", acme, canary(SEED, 'northwind', 'acme'), ACME_TICKET, globex, canary(SEED, 'northwind', 'globex'), GLOBEX_TICKET)

  async function mixed(who: string, one: Agent, markOfOne: string, firstOfOne: number, other: Agent, markOfOther: string, firstOfOther: number): Promise<void> {
    const before = await mark(halo.url)
    const wrong: unknown[] = []
    const ask = async (agent: Agent, id: number, marked: string): Promise<void> => {
      const { ticket } = Answered.parse((await agent.call('halo.get_ticket', { id })).data)
      if (ticket.id !== id || !ticket.summary.includes(marked)) wrong.push({ id, ticket })
    }
    const pairs = Array.from({ length: CALLS }, (_, index) => [() => ask(one, firstOfOne + EVERY * index, markOfOne), () => ask(other, firstOfOther + EVERY * index, markOfOther)])
    // Which one is first changes, or of two gateways that take turns each would have one client.
    await Promise.all(pairs.flatMap((pair, index) => (index % 2 === 0 ? pair : pair.toReversed())).map((begin) => begin()))
    const shared = new Set(one.ids()).intersection(new Set(other.ids())).size
    story.holds(`${who} ask for ${CALLS} tickets each at once, with the same JSON-RPC ids`, shared >= CALLS, { one: one.ids(), other: other.ids() })
    const [asked, inTurns] = turns((await askedSince(halo.url, before)).map(({ msp, path }) => [msp, path]))
    // On PostgreSQL the calls of one MSP are admitted together, so HaloPSA may see many of one before those of the other.
    if (scene.store === 'sqlite') story.equal(`HaloPSA is asked ${2 * CALLS} times, mixed`, [asked, inTurns], [2 * CALLS, true])
    else story.equal(`HaloPSA is asked ${2 * CALLS} times`, asked, 2 * CALLS)
    story.equal('every answer is the ticket that was asked for, with the mark of whose it is', wrong, [])
  }
}

/** How many requests there were, and whether the two clients took turns rather than one coming after the other. */
function turns(asked: readonly (readonly [msp: string | null, path: string])[]): readonly [number, boolean] {
  const whose = asked.flatMap(([msp, path]) => {
    const id = Number(/^\/api\/Tickets\/(\d+)$/.exec(path)?.[1])
    return Number.isNaN(id) ? [] : [`${msp}/${id % EVERY}`]
  })
  return [whose.length, whose.filter((one, index) => index > 0 && one !== whose[index - 1]).length > CALLS / 3]
}
