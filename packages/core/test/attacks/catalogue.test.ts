import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const text = readFileSync(new URL('../../../../docs/attacks.md', import.meta.url), 'utf8')
const rows = text.split('\n').filter((line) => /^\| [A-Z]{3}-\d\d /.test(line)).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()))
/** How many rows the catalogue has of each family. */
const FAMILIES = { TEN: 13, AUT: 18, CUS: 11, APR: 17, QUO: 7, SEC: 11, AUD: 11, STM: 5, SES: 6, IDP: 6, OUT: 5, DOS: 6, LOG: 2, MCP: 7 }
/** Rows that a test of another name holds: what it says instead of the row's id. */
const UNDER_ANOTHER_NAME: Readonly<Record<string, string>> = {
  'TEN-10': 'TEN-08', 'TEN-11': "cacheScope: 'private'", 'SEC-05': 'the vendor secret is in a log', 'AUD-10': 'a second process is refused', 'IDP-01': 'AUT-08', 'IDP-03': 'AUT-08',
}

test('the table of attacks has every row of the catalogue once, in its order', () => {
  expect(rows.map(([id]) => id)).toEqual(Object.entries(FAMILIES).flatMap(([family, count]) => Array.from({ length: count }, (_, index) => `${family}-${String(index + 1).padStart(2, '0')}`)))
})

test('each row names a test that names it, or says what it waits for', () => {
  for (const [id, threat, here, proof] of rows as [string, string, string, string][]) {
    expect(threat.length, id).toBeGreaterThan(5)
    if (proof === 'later') {
      expect(here, id).toMatch(/^later: .{10}/)
      continue
    }
    const path = /\]\(\.\.\/(packages\/[^)]+)\)$/.exec(proof)?.[1]
    const file = new URL(`../../../../${path}`, import.meta.url)
    expect(existsSync(file), `${id}: ${path}`).toBe(true)
    expect(readFileSync(file, 'utf8'), `${id}: ${path}`).toContain(UNDER_ANOTHER_NAME[id] ?? id)
  }
})
