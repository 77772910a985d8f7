import { relative } from 'node:path'
import { decodeJwt } from 'jose'
import type { Scene } from './scene.ts'
import { sourceOf } from './stage.ts'
import { ACME_TICKET, GLOBEX_TICKET } from './writes.ts'

/** Everything that one needs to try the running gateway by hand, to be pasted into a shell. Opens one request for the owner to vote on. */
export async function sheet(scene: Scene, article: number): Promise<string> {
  const { gateway, holdings } = scene
  const { url } = gateway
  const tokens: readonly (readonly [name: string, who: string, token: string])[] = [
    ['OPERATOR', 'customer_operator at Northwind, for Acme only', await scene.tokenOf('northwind', 'acme-operator-bot')],
    ['FIELD', 'at Northwind, customer_operator for Acme and customer_viewer for Globex', await scene.tokenOf('northwind', 'field-bot')],
    ['ADMIN', 'tenant_admin at Northwind', await scene.tokenOf('northwind', 'admin-bot')],
    ['BILLING', 'tenant_billing_admin at Northwind', await scene.tokenOf('northwind', 'billing-bot')],
    ['TRIAL', 'customer_operator at Eastgate, which has five calls', await scene.tokenOf('eastgate', 'acme-operator-bot')],
    ['ASSISTANT', "the desk assistant in a session for Adam, Northwind's tenant_admin", await scene.assistantOf('northwind', 'adam')],
    ['OWNER', "Olivia, Northwind's tenant_owner, signed in with a second factor", await scene.signIn('northwind', 'olivia')],
  ]
  const expiry = new Date(Math.min(...tokens.map(([, , token]) => (decodeJwt(token).exp ?? 0) * 1_000)))
  const acme = `${url}/mcp/customers/acme`
  // Said, because npx would choose the first generation, which has other options, where Node.js is older than the second wants.
  const inspect = (token: string, how: string): string => `npx -y @modelcontextprotocol/inspector@2 --cli ${acme} --transport http --header "Authorization: Bearer $${token}" ${how}`
  const call = (endpoint: string, token: string, tool: string, args: object): string =>
    `curl -sS ${endpoint} -H "Authorization: Bearer $${token}" -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' -d '${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: args } })}'`
  const client = (token: string, ...args: readonly string[]): string => [here(process.execPath), here(sourceOf('client.ts')), '--url', acme, '--token', `$${token}`, ...args].join(' ')
  const { code, approval } = await hold(scene, article)
  const ballot = approval === undefined ? `# Archiving article ${article} was not held this time, but answered ${code}.` : `# Adam's assistant wants to archive article ${article} and is held. How it stands (the link that the client shows), what Olivia is shown, her vote, and the call again
curl -sS ${url}/approvals/${approval}/status -H "Authorization: Bearer $ASSISTANT"
curl -sS ${url}/approvals/${approval} -H "Authorization: Bearer $OWNER"
curl -sS ${url}/approvals/${approval}/votes -H "Authorization: Bearer $OWNER" -H 'Content-Type: application/json' -d '{"decision":"approve","reason":"Outdated."}'
${client('ASSISTANT', 'hudu.archive_article', `'${JSON.stringify({ id: article })}'`)}`

  return `
Running: ${gateway.members.length === 1 ? 'the gateway at' : 'two gateways behind'} ${url}, HaloPSA at ${scene.halo.url}, Hudu at ${scene.hudu.url}.
Its endpoints: ${url}/mcp/customers/{acme, globex, initech}, ${url}/mcp/tenant, ${url}/mcp

# Tokens live 15 minutes, these until ${expiry.toISOString()}. Paste them into a shell first.
${tokens.map(([name, who, token]) => `export ${name}=${token}  # ${who}`).join('\n')}

# The official Inspector: lists the tools, calls one
${inspect('OPERATOR', '--method tools/list')}
${inspect('OPERATOR', '--method tools/call --tool-name halo.list_tickets --tool-arg open_only=true')}

# The official client: lists the tools, calls one
${client('OPERATOR')}
${client('OPERATOR', 'halo.get_ticket', `'${JSON.stringify({ id: ACME_TICKET })}'`)}

# curl: a ticket of Acme's, one of Globex's as if it did not exist, the same for a role without tools, all customers at once, a trial that runs out
${call(acme, 'OPERATOR', 'halo.get_ticket', { id: ACME_TICKET })}
${call(acme, 'OPERATOR', 'halo.get_ticket', { id: GLOBEX_TICKET })}
${call(acme, 'BILLING', 'halo.get_ticket', { id: ACME_TICKET })}
${call(`${url}/mcp/tenant`, 'ADMIN', 'halo.ticket_totals', {})}
for i in 1 2 3 4 5 6; do ${call(acme, 'TRIAL', 'halo.get_ticket', { id: ACME_TICKET })}; echo; done

${ballot}

# A new token for a service account, from its secret (for people, their MSP's identity provider would be asked: press Enter)
export OPERATOR=$(curl -sS ${url}/oauth/token -d grant_type=client_credentials -d client_secret=${holdings.northwind.secrets['acme-operator-bot']} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

Enter prints all of this with new tokens and the next article. Ctrl-C stops everything and leaves nothing behind.
`
}

/** Asks for what needs an approval. There is none to vote on where the person who tries has done so before. */
async function hold(scene: Scene, article: number): Promise<{ readonly code: string; readonly approval: string | undefined }> {
  await using assistant = await scene.assistant('northwind', 'adam')
  const { kind, code, denial } = await assistant.call('hudu.archive_article', { id: article })
  return { code: String(code ?? kind), approval: denial?.approvalId }
}

const here = (path: string): string => relative(process.cwd(), path)
