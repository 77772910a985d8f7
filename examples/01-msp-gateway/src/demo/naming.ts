import { bytesOf, type Answer } from './agent.ts'
import { listOverHttp } from './plain.ts'
import type { Scene } from './scene.ts'
import { ACME_TICKET } from './writes.ts'

const FOREIGN_HEADERS = {
  'x-tenant-id': 'southridge', 'x-tenant': 'southridge', 'x-customer-id': 'globex', 'x-customer': 'globex', 'x-organization-id': 'southridge', 'x-forwarded-user': 'olivia',
  baggage: 'tenant=southridge,customer=globex', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
}
const FOREIGN_META = {
  tenant: 'southridge', customer: 'globex', 'com.example/tenant-id': 'southridge', 'com.example/customer': 'globex',
  baggage: 'tenant=southridge,customer=globex', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
}

/** A tenant or customer that is named where Portcullis does not read one changes nothing; where it does read one, it must agree. */
export async function naming(scene: Scene): Promise<void> {
  const { story } = scene
  await using plain = await scene.agent('northwind', 'acme-operator-bot')
  await using hinting = await scene.agent('northwind', 'acme-operator-bot', { headers: FOREIGN_HEADERS })
  const asked: readonly (readonly [string, string, Record<string, unknown>])[] = [['a list', 'halo.list_tickets', {}], ['a ticket', 'halo.get_ticket', { id: ACME_TICKET }], ["somebody else's ticket", 'halo.get_ticket', { id: 1002 }]]
  for (const [what, tool, args] of asked) {
    const own = await plain.call(tool, args)
    const same = (other: Answer): boolean => own.bytes !== '' && other.bytes === own.bytes
    story.holds(`${what}, asked with X-Tenant-ID, X-Customer-ID and six more headers that name others: the same bytes as without`, same(await hinting.call(tool, args)))
    story.holds(`${what}, asked with a tenant, a customer and baggage in \`_meta\`: the same bytes as without`, same(await plain.call(tool, args, FOREIGN_META)))
  }

  const token = await scene.tokenOf('northwind', 'field-bot')
  const at = async (endpoint: string, headers?: Readonly<Record<string, string>>): Promise<string> => bytesOf(await listOverHttp(`${scene.gateway.url}${endpoint}`, token, headers))
  const required = await at('/mcp')
  story.equal('no header chooses a customer either: with and without X-Customer, field-bot is asked to use an endpoint', [required.includes('"customer_required"'), await at('/mcp', { 'x-customer': 'acme', 'x-customer-id': 'acme' })], [true, required])

  const own = await at('/mcp/customers/acme')
  story.holds('the one header that is read is Portcullis-Tenant: where it agrees with the token, the same bytes as without', own.startsWith('200\n') && own === (await at('/mcp/customers/acme', { 'portcullis-tenant': 'northwind' })))
  const mismatch = await at('/mcp/customers/acme', { 'portcullis-tenant': 'southridge' })
  story.holds('where it does not agree: `tenant_mismatch`', mismatch.includes('"tenant_mismatch"'), mismatch)
  story.equal('right and wrong together: the same bytes as wrong', await at('/mcp/customers/acme', { 'portcullis-tenant': 'northwind, southridge' }), mismatch)
}
