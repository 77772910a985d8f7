import { fileURLToPath } from 'node:url'
import { gateway } from '@portcullis/express/v1'
import express from 'express'
import { makeEverything } from '../everything/make-server.ts'
import { everything as own, TOOLS } from '../everything/own.ts'
import { listening } from '../protected/combination.ts'
import { connect } from './clients.ts'
import { portcullis as command } from './command.ts'
import { openStage } from './stage.ts'
import type { Story } from './story.ts'

const PROGRAM = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
/** Where whoever read the proposal knew better than the hints. */
const KNOWN_BETTER = ['get-env', 'gzip-file-as-resource']
const WITHHELD = 'simulate-research-query'

/** Somebody else's server, taken from its package as it is. */
export async function everything(story: Story): Promise<void> {
  story.chapter('@modelcontextprotocol/server-everything, as it is')
  const { output } = await command('classify', '--command', `'${process.execPath}' '${PROGRAM}' stdio`)
  story.show(output.split('\n').filter((line) => [...KNOWN_BETTER, WITHHELD, 'echo'].some((name) => line.includes(`'${name}':`))).join('\n'))
  const proposed = [...output.matchAll(/^ {4}'([^']+)': '(\w+)'/gm)].map(([, name, risk]) => `${name} ${risk}`)
  const kept = Object.entries(TOOLS).map(([name, risk]) => `${name} ${risk}`)
  story.equal('the table is what `portcullis classify` proposes, but for what its hints play down and a tool that is withheld',
    [proposed.filter((line) => !kept.includes(line)), kept.filter((line) => !proposed.includes(line))],
    [['get-env read', 'gzip-file-as-resource write', `${WITHHELD} write`], [...KNOWN_BETTER.map((name) => `${name} destructive`), `${WITHHELD} withheld`]])

  await using stage = await openStage({
    self: own, makeServer: makeEverything,
    serve: (portcullis, port) => listening(express().use(gateway(portcullis, { server: makeEverything, sessions: {} })).listen(port, '127.0.0.1')),
  })
  story.holds('checkProtected finds every tool, prompt, resource and template decided, also those that come after the handshake', true)
  const mcp = `${stage.url}/mcp/tenant`
  const token = await stage.tokenOf('northwind', 'desk-bot')
  await using agent = await connect('v1', mcp, { authorization: `Bearer ${token}` })
  story.equal('a call works', (await agent.call('get-sum', { a: 2, b: 40 })).said, 'The sum of 2 and 40 is 42.')
  const held = await agent.call('get-env')
  story.equal('what hands out the environment waits for a person, whatever its hint says', held.code, 'approval_required')
  const refusal = (name: string): Promise<string> => agent.call(name).then(({ said }) => said, String)
  story.holds('the tool that is withheld is in no list', !(await agent.tools()).includes(WITHHELD))
  story.equal('and is to its callers what was invented', await refusal(WITHHELD), await refusal('no-such-tool'))
}
