import { own } from '../own.ts'
import { Desk } from '../existing/tickets.ts'
import type { Combination } from '../protected/combination.ts'
import type { Account, Tenant } from '../world.ts'
import { approve } from './approve.ts'
import { connect, rawCall, type Called, type Line } from './clients.ts'
import { verifies } from './log.ts'
import { openStage } from './stage.ts'
import type { Story } from './story.ts'

/** What a protected server does for two tenants. Northwind comes with a client of the first SDK line, Southridge with one of the second. */
export async function tickets(story: Story, { name, endpoint, front, makeServer, serve }: Combination): Promise<void> {
  story.chapter(name)
  const desk = new Desk()
  await using stage = await openStage({
    self: own, makeServer: () => makeServer(desk), serve: (portcullis, port) => serve(portcullis, desk, port),
  })
  const { url, deployment, tokenOf } = stage
  const mcp = `${url}${endpoint}`
  const client = async (line: Line, tenant: Tenant, account: Account, more: Record<string, string> = {}) =>
    connect(line, mcp, { ...more, authorization: `Bearer ${await tokenOf(tenant, account)}` })
  await using north = await client('v1', 'northwind', 'desk-bot')
  await using south = await client('v2', 'southridge', 'desk-bot', { 'x-tenant': 'northwind' })

  const { status, challenge, bytes } = await rawCall(mcp, undefined, 'list_tickets')
  if (front) story.equal('without a token: 401, and where to get one', [status, challenge?.startsWith('Bearer resource_metadata="')], [401, true])
  else story.holds('without a token: token_missing, over a transport that knows no 401', status === 200 && bytes.includes('"code":"token_missing"'), bytes)

  story.equal('Northwind sees its tickets', first(await north.call('list_tickets')), ['1 open Printer', '2 open New', '3 closed VPN'])
  story.equal('Southridge sees its own, though it says X-Tenant: northwind', first(await south.call('list_tickets')), ['1 open Payroll', '2 open Reset'])
  const [here, there, drafted] = [await north.read('desk:///tickets/1'), await south.read('desk:///tickets/1'), await south.prompt('reply', { id: '2' })]
  story.equal('so do pages', [here, there], ['1 open Printer on floor 3 is on fire', '1 open Payroll export is empty'])
  story.equal('and prompts', drafted, 'Draft a friendly answer to: Reset the door code')

  const lists: Record<string, readonly string[]> = {}
  for (const account of ['desk-bot', 'report-bot', 'audit-bot', 'billing-bot'] as const) {
    await using agent = await client('v2', 'northwind', account)
    lists[account] = await agent.tools()
  }
  const all = ['close_ticket', 'list_tickets', 'wipe_tickets']
  story.equal('lists are as long as rights', lists, { 'desk-bot': all, 'report-bot': ['list_tickets'], 'audit-bot': [], 'billing-bot': [] })
  const billing = await tokenOf('northwind', 'billing-bot')
  const [hidden, invented] = [await rawCall(mcp, billing, 'wipe_tickets'), await rawCall(mcp, billing, 'no_such_tool')]
  story.equal('to billing a real tool is an invented one, byte for byte', hidden.bytes, invented.bytes)

  const { said } = await north.call('close_ticket', { id: 1 })
  story.equal('a write goes through, in one tenant', [said, desk.list('southridge')[0]?.status], ['1 closed Printer on floor 3 is on fire', 'open'])
  const held = await north.call('wipe_tickets')
  story.equal('deleting everything waits for a person: nothing happened', [held.code, desk.list('northwind').length], ['approval_required', 3])
  story.equal('Olivia, the owner, approves', await approve(stage, 'northwind', held.approvalId ?? ''), 200)
  const [done, again] = [await north.call('wipe_tickets'), await north.call('wipe_tickets')]
  story.equal('the same call again: done, once', [done.said, again.code], ['3 tickets deleted', 'approval_consumed'])
  story.equal("Southridge's tickets are all there", desk.list('southridge').length, 2)
  await verifies(story, deployment, 'northwind')
}

/** The beginning of each line. */
const first = ({ said }: Called): readonly string[] => said.split('\n').map((line) => line.split(' ').slice(0, 3).join(' '))
