import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const text = readFileSync(new URL('../../../../docs/attacks.md', import.meta.url), 'utf8')
const rows = text.split('\n').filter((line) => /^\| [A-Z]{3}-\d\d /.test(line)).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()))
/** How many rows the catalogue has of each family. */
const FAMILIES = { TEN: 13, AUT: 18, CUS: 11, APR: 17, QUO: 7, SEC: 11, AUD: 11, STM: 5, SES: 6, IDP: 6, OUT: 5, DOS: 6, LOG: 2, MCP: 7 }
const LINK = /\[([\w/-]+)\]\(\.\.\/(packages\/[\w./-]+\.ts)\)/
const LINKS = new RegExp(`^${LINK.source}(, ${LINK.source})*$`)
/** The title of a test, of a group of tests or of a test of requirements, on one line with what declares it. */
const titled = (id: string): RegExp => new RegExp(`\\b(?:test|describe|verifies)\\b.*['"\`].*\\b${id}\\b`)

test('the table of attacks has every row of the catalogue once, in its order', () => {
  expect(rows.map(([id]) => id)).toEqual(Object.entries(FAMILIES).flatMap(([family, count]) => Array.from({ length: count }, (_, index) => `${family}-${String(index + 1).padStart(2, '0')}`)))
})

test('each file that a row links has a test titled with the id of the row; a row without any says what it waits for', () => {
  for (const [id, threat, here, proof] of rows as [string, string, string, string][]) {
    expect(threat.length, id).toBeGreaterThan(5)
    if (proof === 'later') {
      expect(here, id).toMatch(/^later: .{10}/)
      continue
    }
    expect(proof, id).toMatch(LINKS)
    for (const [, name, path] of proof.matchAll(new RegExp(LINK, 'g'))) {
      const file = new URL(`../../../../${path}`, import.meta.url)
      expect(existsSync(file), `${id}: ${path}`).toBe(true)
      expect(path, `${id}: ${path}`).toBe(`packages/${name?.replace('/', '/test/')}${path?.endsWith('.test.ts') ? '.test.ts' : '.ts'}`)
      expect(readFileSync(file, 'utf8').split('\n').some((line) => titled(id).test(line)), `${id}: no title in ${path}`).toBe(true)
    }
  }
})
