import { z } from 'zod'
import { HALO_CLIENT_IDS } from '../vendors/world.ts'
import { bytesOf } from './agent.ts'
import { listOverHttp } from './plain.ts'
import type { Scene } from './scene.ts'
import { ACME_TICKET, GLOBEX_TICKET } from './writes.ts'

const Answered = z.object({ tickets: z.array(z.object({ client_id: z.number() })), count: z.number() })

/** An account with several customers: the endpoint that its client was configured with says for which of them it works. */
export async function customers(scene: Scene): Promise<void> {
  const { story } = scene
  const token = await scene.tokenOf('northwind', 'field-bot')
  const at = async (endpoint: string, how: string = token): Promise<string> => bytesOf(await listOverHttp(`${scene.gateway.url}${endpoint}`, how))
  story.say('field-bot is an operator at Acme and a viewer at Globex, and has one token for both.')

  await using acme = await scene.agent('northwind', 'field-bot', { endpoint: '/mcp/customers/acme' })
  await using globex = await scene.agent('northwind', 'field-bot', { endpoint: '/mcp/customers/globex' })
  story.equal('its tools are those of its role there: 9 at /mcp/customers/acme, 4 at /mcp/customers/globex', [(await acme.tools()).length, (await globex.tools()).length], [9, 4])
  for (const [customer, agent] of [['acme', acme], ['globex', globex]] as const) {
    const { tickets, count } = Answered.parse((await agent.call('halo.list_tickets')).data)
    story.equal(`the list at /mcp/customers/${customer}: 40 tickets, and no other customer's`, [count, Array.from(new Set(tickets.map(({ client_id }) => client_id)))], [40, [HALO_CLIENT_IDS[customer]]])
  }
  story.equal("Acme's ticket, asked for at Globex's endpoint, is not found, though the account may see both customers", (await globex.call('halo.get_ticket', { id: ACME_TICKET })).code, 'record_not_found')
  story.equal('a write at Globex is refused: what it may do at Acme does not count there', (await globex.call('halo.close_ticket', { id: GLOBEX_TICKET })).code, 'role_forbids')

  const plain = await at('/mcp')
  story.holds('at plain /mcp nobody guesses which customer it means: `customer_required`', plain.includes('"customer_required"'), plain)
  const third = await at('/mcp/customers/initech')
  story.holds('at Initech, which none of its roles covers: `customer_not_found`', third.includes('"customer_not_found"'), third)
  story.equal('at /mcp/tenant it is sent back to one customer: its roles are not of the whole MSP', await at('/mcp/tenant'), plain)

  const narrowed = await scene.tokenOf('northwind', 'field-bot', '/mcp/customers/acme')
  const found = await at('/mcp', narrowed)
  story.holds('a token that was fetched for Acme alone works at plain /mcp', found.startsWith('200\n') && found.includes('halo.list_tickets'), found)
  story.equal("and not at Globex's endpoint: the same bytes as for a customer it does not cover", await at('/mcp/customers/globex', narrowed), third)
}
