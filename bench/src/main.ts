import { decision } from './cases/decision.ts'
import { guardedOverBare } from './cases/guarded-over-bare.ts'
import { list } from './cases/list.ts'
import { memoryCall } from './cases/memory-call.ts'
import { narrow } from './cases/narrow.ts'
import { pgAppend } from './cases/pg-append.ts'
import { pgCall } from './cases/pg-call.ts'
import { pgRivals } from './cases/pg-rivals.ts'
import { pgTenants } from './cases/pg-tenants.ts'
import { protectOverBare } from './cases/protect-over-bare.ts'
import { sqliteAppend } from './cases/sqlite-append.ts'
import type { Figure } from './measure.ts'

/** Every figure with its paired baseline. `--json`: one object a line; a name runs only that case. */
const CASES: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  decision, list, narrow, 'memory-call': memoryCall, 'sqlite-append': sqliteAppend, 'pg-append': pgAppend, 'pg-call': pgCall, 'pg-rivals': pgRivals, 'pg-tenants': pgTenants, 'guarded-over-bare': guardedOverBare, 'protect-over-bare': protectOverBare,
}

const asJson = process.argv.includes('--json')
const only = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const unknown = only.filter((name) => CASES[name] === undefined)
if (unknown.length > 0) {
  console.error(`There is no case ${unknown.join(', ')}. Cases: ${Object.keys(CASES).join(', ')}.`)
  process.exit(2)
}

for (const [name, run] of Object.entries(CASES)) {
  if (only.length > 0 && !only.includes(name)) continue
  if (!asJson) console.error(`… ${name}`)
  for (const measured of await run()) console.log(asJson ? JSON.stringify(measured) : lineOf(measured))
}

function lineOf({ name, value, unit, baseline, ratio, bar, met }: Figure): string {
  return `${name.padEnd(22)} ${String(value).padStart(9)} ${unit.padEnd(10)} baseline ${String(baseline).padStart(9)}   ratio ${String(ratio).padStart(8)}   bar ${bar} ${met ? 'met' : 'MISSED'}`
}
