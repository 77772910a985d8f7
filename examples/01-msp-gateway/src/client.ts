import { parseArgs } from 'node:util'
import { connect } from './demo/agent.ts'

/**
 * The official client at a gateway: `node client.ts --url <endpoint> --token <access token>` prints the names of the tools, followed by
 * a tool and its arguments as JSON it calls that tool. It can show links, so a held call prints where to see how it stands.
 */
const text = { type: 'string' } as const
const { values: { url, token }, positionals: [tool, args = '{}'] } = parseArgs({ options: { url: text, token: text }, allowPositionals: true })
if (url === undefined || token === undefined) throw new Error('Give --url and --token.')

await using agent = await connect(url, token, { onLink: (link) => process.stderr.write(`See ${link}\n`) })
if (tool === undefined) {
  process.stdout.write(`${(await agent.tools()).join('\n')}\n`)
} else {
  const { kind, code, denial, data } = await agent.call(tool, JSON.parse(args) as Record<string, unknown>)
  process.stdout.write(`${JSON.stringify(kind === 'result' ? data : (denial ?? { code }), null, 2)}\n`)
  if (kind !== 'result') process.exitCode = 1
}
