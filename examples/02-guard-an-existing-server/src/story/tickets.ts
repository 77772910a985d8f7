import { own } from '../own.ts'
import { Desk } from '../existing/tickets.ts'
import type { Combination } from '../protected/combination.ts'
import type { Tenant } from '../world.ts'
import { approve } from './approve.ts'
import { connect, rawCall } from './clients.ts'
import { verifies } from './log.ts'
import { openStage } from './stage.ts'
import type { Story } from './story.ts'

/** What a protected server does for two tenants. Northwind comes with a client of the first SDK line, Southridge with one of the second. */
export async function tickets(story: Story, { name, endpoint, makeServer, serve }: Combination): Promise<void> {
  story.chapter(name)
  const desk = new Desk()
  await using stage = await openStage({ self: own, makeServer: () => makeServer(desk), serve: (portcullis, port) => serve(portcullis, desk, port) })
  const { url, deployment, tokenOf } = stage
  const mcp = `${url}${endpoint}`
  const bearer = async (tenant: Tenant, account: Parameters<typeof tokenOf>[1], more: Record<string, string> = {}) => ({ ...more, authorization: `Bearer ${await tokenOf(tenant, account)}` })
  await using north = await connect('v1', mcp, await bearer('northwind', 'desk-bot'))
  await using south = await connect('v2', mcp, await bearer('southridge', 'desk-bot', { 'x-tenant': 'northwind' }))

  const stranger = await rawCall(mcp, undefined, 'list_tickets')
  const challenged = endpoint === '/tickets/mcp' ? stranger.bytes.includes('"code":"token_missing"') : stranger.status === 401 && stranger.challenge?.startsWith('Bearer') === true
  story.holds(endpoint === '/tickets/mcp' ? 'without a token: token_missing, in the answer of a transport that knows no 401' : 'without a token: 401, and where to get one', challenged, stranger)

  const [mine, theirs] = [await north.call('list_tickets'), await south.call('list_tickets')]
  story.equal('Northwind sees its tickets', mine.said.split('\n').map((line) => line.slice(0, 13)), ['1 open Printe', '2 open New la', '3 closed VPN '])
  story.equal('Southridge sees its own, though it says X-Tenant: northwind', theirs.said.split('\n').map((line) => line.slice(0, 13)), ['1 open Payrol', '2 open Reset '])
  story.equal('pages and prompts are of the tenant as well', [await north.read('desk:///tickets/1'), await south.read('desk:///tickets/1'), await south.prompt('reply', { id: '2' })],
    ['1 open Printer on floor 3 is on fire', '1 open Payroll export is empty', 'Draft a friendly answer to: Reset the door code'])

  const lists: Record<string, readonly string[]> = {}
  for (const account of ['desk-bot', 'report-bot', 'audit-bot', 'billing-bot'] as const) {
    await using agent = await connect('v2', mcp, await bearer('northwind', account))
    lists[account] = await agent.tools()
  }
  story.equal('lists are as long as rights', lists, { 'desk-bot': ['close_ticket', 'list_tickets', 'wipe_tickets'], 'report-bot': ['list_tickets'], 'audit-bot': [], 'billing-bot': [] })
  const billing = await tokenOf('northwind', 'billing-bot')
  story.equal('to billing a real tool is an invented one, byte for byte', (await rawCall(mcp, billing, 'wipe_tickets')).bytes, (await rawCall(mcp, billing, 'no_such_tool')).bytes)

  story.equal('a write goes through, in one tenant', [(await north.call('close_ticket', { id: 1 })).said, desk.list('southridge')[0]?.status], ['1 closed Printer on floor 3 is on fire', 'open'])
  const held = await north.call('wipe_tickets')
  story.equal('deleting everything waits for a person: nothing happened', [held.code, desk.list('northwind').length], ['approval_required', 3])
  story.equal('Olivia, the owner, approves', await approve(stage, 'northwind', held.approvalId ?? ''), 200)
  story.equal('the same call again: done, once', [(await north.call('wipe_tickets')).said, (await north.call('wipe_tickets')).code], ['3 tickets deleted', 'approval_consumed'])
  story.equal("Southridge's tickets are all there", desk.list('southridge').length, 2)
  await verifies(story, deployment, 'northwind')
}
