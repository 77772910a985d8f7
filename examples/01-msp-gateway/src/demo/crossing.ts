import { z } from 'zod'
import { bytesOf, type Answer } from './agent.ts'
import { listOverHttp } from './plain.ts'
import type { Scene } from './scene.ts'
import { ACME_TICKET, GLOBEX_TICKET, NO_TICKET } from './writes.ts'

const Answered = z.object({ ticket: z.object({ summary: z.string() }) })

/** Whatever belongs to somebody else answers exactly like something that does not exist. */
export async function crossing(scene: Scene): Promise<void> {
  const { story } = scene
  const same = (claim: string, one: Answer, other: Answer, code: string): void => {
    story.equal(claim, [one.code, one.bytes], [code, other.bytes])
  }

  const token = await scene.tokenOf('northwind', 'acme-operator-bot')
  await using agent = await scene.agent('northwind', 'acme-operator-bot')
  const list = await agent.call('halo.list_tickets', { open_only: true })
  const hinted = await agent.call('halo.list_tickets', { open_only: true, tenant: 'southridge', customer: 'globex', client_id: 12 })
  story.holds('arguments that name another tenant, customer or vendor key change not one byte of the answer', list.kind === 'result' && list.bytes === hinted.bytes, hinted.code)

  same("reading Globex's ticket or an invented one: the same bytes", await agent.call('halo.get_ticket', { id: GLOBEX_TICKET }), await agent.call('halo.get_ticket', { id: NO_TICKET }), 'record_not_found')
  same("closing Globex's ticket or an invented one: the same bytes", await agent.call('halo.close_ticket', { id: GLOBEX_TICKET }), await agent.call('halo.close_ticket', { id: NO_TICKET }), 'customer_out_of_scope')

  const at = async (endpoint: string, headers?: Readonly<Record<string, string>>): Promise<string> => bytesOf(await listOverHttp(`${scene.gateway.url}${endpoint}`, token, headers))
  const nowhere = await at('/mcp/customers/no-such-customer')
  story.holds('the endpoint of an invented customer: `customer_not_found`', nowhere.includes('"customer_not_found"'), nowhere)
  story.equal('the endpoint of Globex, for which this account has no role: the same bytes', await at('/mcp/customers/globex'), nowhere)
  story.equal('the endpoint of a customer named like the other MSP: the same bytes', await at('/mcp/customers/southridge'), nowhere)
  const mismatch = await at('/mcp/customers/acme', { 'portcullis-tenant': 'no-such-msp' })
  story.holds("a header that names another MSP than the token's: `tenant_mismatch`", mismatch.includes('"tenant_mismatch"'), mismatch)
  story.equal('whether it names one that exists or not: the same bytes', await at('/mcp/customers/acme', { 'portcullis-tenant': 'southridge' }), mismatch)

  await using twin = await scene.agent('southridge', 'acme-operator-bot')
  const summaries = [await agent.call('halo.get_ticket', { id: ACME_TICKET }), await twin.call('halo.get_ticket', { id: ACME_TICKET })].map(({ data }) => Answered.parse(data).ticket.summary)
  story.holds(
    `ticket ${ACME_TICKET} exists at both MSPs: Northwind's agent reads Northwind's, Southridge's agent Southridge's`,
    summaries[0]?.includes('canary-northwind-acme') === true && summaries[1]?.includes('canary-southridge-acme') === true, summaries,
  )
}
