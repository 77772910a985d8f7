import type { Portcullis } from '../packages/core/src/index.ts'
import { behindProxy } from '../packages/express/test/behind-proxy.ts'
import type { Change } from '../packages/mcp/src/index.ts'
import { mcpHost as onV1 } from '../packages/mcp/src/v1/index.ts'
import { mcpHost as onV2 } from '../packages/mcp/src/v2/index.ts'
import { allowAll } from '../packages/mcp/test/everything/allow-all.ts'
import { deployment } from '../packages/mcp/test/everything/deployment.ts'
import { everything } from '../packages/mcp/test/everything/everything.ts'
import { command, writeReport } from './steps.ts'

/**
 * The official conformance suite against a server of our own that has one of everything: once behind the whole chain, and once with a
 * stub in the chain's place that lets everything through. Both must pass, without a list of expected failures, and scenario by scenario
 * the two must say the same: whatever the chain refused by mistake would show. This on both SDK lines, in each revision that they speak.
 * `--json` prints the rows as data.
 */
const LEGS = [
  { line: 'v2', makeHost: onV2, revision: '2026-07-28' },
  { line: 'v2', makeHost: onV2, revision: '2025-11-25' },
  { line: 'v1', makeHost: onV1, revision: '2025-11-25' },
] as const
const BUILDS = { chain: deployment, 'allow-all': async (connector: Parameters<typeof allowAll>[0]) => ({ portcullis: allowAll(connector), token: 'none' }) } as const
const LINE = /^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed$/gm
const UNSCORED = /^ {2}[✓✗] ([\w-]+) \([\w-]+\)$/gm

type Leg = (typeof LEGS)[number]

interface Row {
  readonly line: string
  readonly revision: string
  readonly scenario: string
  readonly scored: boolean
  readonly chain: string
  readonly 'allow-all': string
}

interface Suite {
  readonly exit: boolean
  readonly scenarios: ReadonlyMap<string, string>
  readonly unscored: ReadonlySet<string>
  readonly output: string
}

async function suite(portcullis: Portcullis, token: string, { makeHost, revision }: Leg, publishing: (publish: (change: Change) => void) => void): Promise<Suite> {
  const host = makeHost(portcullis, { sessions: {} })
  publishing((change) => {
    for (const tenant of ['northwind', 'none']) host.notify(tenant, change)
  })
  await using served = await behindProxy(portcullis, host, token)
  const { passed, output } = await command('conformance', ['server', '--url', served.url, '--requirements', revision])
  const scenarios = new Map(Array.from(output.matchAll(LINE), ([, name = '', good = '', bad = '']) => [name, `${good} passed, ${bad} failed`]))
  return { exit: passed, scenarios, unscored: new Set(Array.from(output.matchAll(UNSCORED), ([, name = '']) => name)), output }
}

async function rowsOf(leg: Leg): Promise<{ readonly rows: readonly Row[]; readonly faults: readonly string[] }> {
  const { line, revision } = leg
  const where = `${revision} on ${line}`
  let publish: (change: Change) => void = () => undefined
  const connector = everything((change) => publish(change))
  const results: Partial<Record<keyof typeof BUILDS, Suite>> = {}
  for (const [build, make] of Object.entries(BUILDS) as [keyof typeof BUILDS, typeof deployment][]) {
    const { portcullis, token } = await make(connector)
    results[build] = await suite(portcullis, token, leg, (to) => { publish = to })
    await portcullis.close()
  }
  const { chain, 'allow-all': open } = results as Record<keyof typeof BUILDS, Suite>
  const names = Array.from(new Set([...chain.scenarios.keys(), ...open.scenarios.keys()]))
  const rows = names.map((scenario): Row => ({ line, revision, scenario, scored: !chain.unscored.has(scenario), chain: chain.scenarios.get(scenario) ?? 'missing', 'allow-all': open.scenarios.get(scenario) ?? 'missing' }))
  const faults = [
    ...(chain.exit ? [] : [`${where}: the suite fails behind the chain\n${chain.output.slice(-4_000)}`]),
    ...(open.exit ? [] : [`${where}: the suite fails with the stub\n${open.output.slice(-4_000)}`]),
    ...(rows.some(({ scored }) => scored) ? [] : [`${where}: the suite ran no scenario`]),
  ]
  return { rows, faults }
}

const isGood = ({ scored, chain, 'allow-all': open }: Row): boolean => chain === open && (!scored || chain.endsWith(' 0 failed'))

const asJson = process.argv.includes('--json')
const measured = []
for (const leg of LEGS) measured.push(await rowsOf(leg))
const rows = measured.flatMap((part) => part.rows)
const faults = measured.flatMap((part) => part.faults)
if (asJson) console.log(JSON.stringify(rows))
else for (const row of rows) console.log(`${isGood(row) ? 'ok  ' : 'FAIL'} ${row.line} ${row.revision} ${row.scenario.padEnd(50)} ${row.chain.padEnd(22)}${row.chain === row['allow-all'] ? '' : ` with the stub: ${row['allow-all']}`}${row.scored ? '' : ' (not scored)'}`)
for (const fault of faults) console.error(fault)
const failed = rows.filter((row) => !isGood(row)).length + faults.length
writeReport('conformance', { passed: Math.max(0, rows.length - failed), failed })
if (!asJson) console.log(`${rows.length} scenarios, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
