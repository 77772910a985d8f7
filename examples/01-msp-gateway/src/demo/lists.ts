import { SERVICE_ACCOUNTS, type ServiceAccount } from '../world.ts'
import type { Scene } from './scene.ts'

const READS = ['halo.get_ticket', 'halo.list_tickets', 'hudu.get_article', 'hudu.list_articles']
const ALL = [...READS, 'halo.add_note', 'halo.close_ticket', 'halo.delete_ticket', 'hudu.archive_article', 'hudu.create_article'].toSorted()

const EXPECTED: Readonly<Record<ServiceAccount, readonly string[]>> = {
  'admin-bot': ALL, 'operator-bot': ALL, 'acme-operator-bot': ALL, 'acme-viewer-bot': READS, 'field-bot': ALL, 'auditor-bot': [], 'billing-bot': [],
}

/** What is listed follows from the role, and what is not listed cannot be called either. */
export async function lists(scene: Scene): Promise<void> {
  const { story } = scene
  for (const account of Object.keys(EXPECTED) as ServiceAccount[]) {
    await using agent = await scene.agent('northwind', account)
    const expected = EXPECTED[account]
    story.equal(`${account} (${SERVICE_ACCOUNTS[account][0].role}) sees ${expected.length === 0 ? 'no tool' : `${expected.length} tools`}`, (await agent.tools()).toSorted(), expected)
  }

  await using older = await scene.agent('northwind', 'acme-viewer-bot', { mode: 'legacy' })
  story.equal('a client of the older protocol sees the same', (await older.tools()).toSorted(), READS)

  await using tenantWide = await scene.agent('northwind', 'admin-bot', { endpoint: '/mcp/tenant' })
  story.equal('at /mcp/tenant there is one tool, which counts over all customers', await tenantWide.tools(), ['halo.ticket_totals'])

  await using viewer = await scene.agent('northwind', 'acme-viewer-bot')
  const write = await viewer.call('halo.close_ticket', { id: 1001 })
  story.equal('the viewer may know that tickets can be closed, and is told that its role may not', [write.code, write.denial?.gate, write.denial?.effect], ['role_forbids', 'policy', 'none'])

  await using billing = await scene.agent('northwind', 'billing-bot')
  const real = await billing.call('halo.list_tickets')
  const invented = await billing.call('halo.no_such_tool')
  story.equal('billing-bot learns nothing: a real tool answers like an invented one, byte for byte', real.bytes, invented.bytes)
  story.equal('namely "unknown tool" of the protocol (-32602)', real.code, -32602)
}
