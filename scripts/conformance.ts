import { LEGS, type Leg } from './conformance/legs.ts'
import type { Line, Serve } from './conformance/served.ts'
import { command, writeReport } from './steps.ts'

/**
 * The official conformance suite against servers that have one of everything, on both SDK lines, in each revision that they speak: our own
 * host behind the whole chain and with a stub in the chain's place that lets everything through; and a server written with the SDK alone,
 * as it is, in our host, and protected where it is. Each must pass, without a list of expected failures, and scenario by scenario the
 * guarded and the bare one must say the same: whatever the chain refused by mistake would show. Where they differ on purpose, the row says
 * why. `--json` prints the rows as data.
 */
const SCENARIO = /^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed$/gm
const UNSCORED = /^ {2}[✓✗] ([\w-]+) \([\w-]+\)$/gm

interface Row {
  readonly subject: string
  readonly line: string
  readonly revision: string
  readonly scenario: string
  readonly scored: boolean
  readonly guarded: string
  readonly bare: string
  /** Why the two differ, if they do so on purpose. */
  readonly why?: string
}

interface Suite {
  readonly exit: boolean
  readonly scenarios: ReadonlyMap<string, string>
  readonly unscored: ReadonlySet<string>
  readonly output: string
}

async function suite(serve: Serve, line: Line, revision: string): Promise<Suite> {
  await using served = await serve(line)
  const { passed, output } = await command('conformance', ['server', '--url', served.url, '--requirements', revision])
  const scenarios = new Map(Array.from(output.matchAll(SCENARIO), ([, name = '', good = '', bad = '']) => [name, `${good} passed, ${bad} failed`]))
  return { exit: passed, scenarios, unscored: new Set(Array.from(output.matchAll(UNSCORED), ([, name = '']) => name)), output }
}

const measured = new Map<string, Suite>()

/** A bare server is measured once, however many guarded ones are compared with it. */
async function once(serve: Serve, { line, revision }: Leg): Promise<Suite> {
  const key = `${serve.name} ${line} ${revision}`
  const known = measured.get(key) ?? (await suite(serve, line, revision))
  measured.set(key, known)
  return known
}

async function rowsOf(leg: Leg): Promise<{ readonly rows: readonly Row[]; readonly faults: readonly string[] }> {
  const { subject, line, revision, differs } = leg
  const where = `${subject}, ${revision} on ${line}`
  const [bare, guarded] = [await once(leg.bare, leg), await once(leg.guarded, leg)]
  const names = Array.from(new Set([...guarded.scenarios.keys(), ...bare.scenarios.keys()]))
  const rows = names.map((scenario): Row => {
    const difference = differs.get(scenario)
    const says = { guarded: guarded.scenarios.get(scenario) ?? 'missing', bare: bare.scenarios.get(scenario) ?? 'missing' }
    return { subject, line, revision, scenario, scored: !guarded.unscored.has(scenario), ...says, ...(difference?.says === says.guarded ? { why: difference.why } : {}) }
  })
  const unmet = [...differs.keys()].filter((scenario) => rows.find((row) => row.scenario === scenario)?.why === undefined)
  const onPurpose = rows.some(({ scored, why, guarded: says }) => scored && why !== undefined && !says.endsWith(' 0 failed'))
  const faults = [
    ...(guarded.exit || onPurpose ? [] : [`${where}: the suite fails\n${guarded.output.slice(-4_000)}`]),
    ...(bare.exit ? [] : [`${where}: the suite fails without a gate\n${bare.output.slice(-4_000)}`]),
    ...(rows.some(({ scored }) => scored) ? [] : [`${where}: the suite ran no scenario`]),
    ...unmet.map((scenario) => `${where}: ${scenario} no longer differs as it did`),
  ]
  return { rows, faults }
}

const isGood = ({ scored, guarded, bare, why }: Row): boolean => why !== undefined || (guarded === bare && (!scored || guarded.endsWith(' 0 failed')))

function lineOf(row: Row): string {
  const { subject, line, revision, scenario, scored, guarded, bare, why } = row
  const other = guarded === bare ? '' : ` bare: ${bare}${why === undefined ? '' : ` (${why})`}`
  return `${isGood(row) ? 'ok  ' : 'FAIL'} ${subject.padEnd(8)} ${line} ${revision} ${scenario.padEnd(50)} ${guarded.padEnd(22)}${other}${scored ? '' : ' (not scored)'}`
}

const asJson = process.argv.includes('--json')
const legs = []
for (const leg of LEGS) legs.push(await rowsOf(leg))
const rows = legs.flatMap((leg) => leg.rows)
const faults = legs.flatMap((leg) => leg.faults)
if (asJson) console.log(JSON.stringify(rows))
else for (const row of rows) console.log(lineOf(row))
for (const fault of faults) console.error(fault)
const failed = rows.filter((row) => !isGood(row)).length + faults.length
writeReport('conformance', { passed: Math.max(0, rows.length - failed), failed })
if (!asJson) console.log(`${rows.length} scenarios, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
