import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { Desk } from './existing/tickets.ts'
import { own } from './own.ts'
import { expressV1 } from './protected/express-v1.ts'
import { expressV2 } from './protected/express-v2.ts'
import { fastifyV1 } from './protected/fastify-v1.ts'
import { fastifyV2 } from './protected/fastify-v2.ts'
import { ownStack } from './protected/own-stack.ts'
import { openStage } from './story/stage.ts'

const COMBINATIONS = {
  'express-v1': expressV1, 'express-v2': expressV2, 'fastify-v1': fastifyV1, 'fastify-v2': fastifyV2, 'own-stack': ownStack,
} as const

/** Leaves one combination running, and says what to paste into a shell: `npm run serve -- fastify-v1`. */
const { positionals: [named = 'express-v2'] } = parseArgs({ allowPositionals: true })
if (!Object.hasOwn(COMBINATIONS, named)) throw new Error(`Name one of ${Object.keys(COMBINATIONS).join(', ')}.`)
const combination = COMBINATIONS[named as keyof typeof COMBINATIONS]

const desk = new Desk()
await using stage = await openStage({
  self: own, makeServer: () => combination.makeServer(desk), serve: (portcullis, port) => combination.serve(portcullis, desk, port),
})
const { url, deployment, tokenOf } = stage
const secret = deployment.secrets.northwind['desk-bot']
const mcp = `${url}${combination.endpoint}`
const headers = (token: string): string => `-H "Authorization: Bearer $${token}" -H 'Content-Type: application/json'`
const call = (token: string, tool: string): string => {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } }
  return `curl -sS ${mcp} ${headers(token)} -H 'Accept: application/json, text/event-stream' -d '${JSON.stringify(message)}'`
}

process.stdout.write(`
${combination.name}, at ${mcp}

# Tokens live 15 minutes. Paste them into a shell first.
export NORTH=${await tokenOf('northwind', 'desk-bot')}
export SOUTH=${await tokenOf('southridge', 'desk-bot')}
export BILLING=${await tokenOf('northwind', 'billing-bot')}
export OWNER=${deployment.issuers.northwind.signIn('olivia', url)}

# Everybody's own tickets; a real tool and an invented one, to somebody who may know neither
${call('NORTH', 'list_tickets')}
${call('SOUTH', 'list_tickets')}
${call('BILLING', 'list_tickets')}
${call('BILLING', 'no_such_tool')}

# A call that waits for Olivia: put its approval's id into her vote, and call again
${call('NORTH', 'wipe_tickets')}
curl -sS ${url}/approvals/apr_…/votes ${headers('OWNER')} -d '{"decision":"approve","reason":"Agreed."}'

# A new token for Northwind's service account
export NORTH=$(curl -sS ${url}/oauth/token -d grant_type=client_credentials -d client_secret=${secret} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

Ctrl-C stops it and leaves nothing behind.
`)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
