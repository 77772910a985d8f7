import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { sqliteStorage } from '@portcullis/sqlite'
import { verifies } from '@portcullis/test-support'
import { auditTenant } from './audit.ts'
import { startWriter } from './child.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'portcullis-crash-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const acknowledged = (lines: readonly string[]): string[] => lines.filter((line) => /^(?:intent|outcome) /.test(line))

verifies(['EM-02', 'AU-04', 'CH-12'], 'AUD-09: killed ten times in the middle of its work, it has lost nothing that it acknowledged', async () => {
  const path = folder()
  let before = 0
  for (let run = 0; run < 10; run += 1) {
    const child = startWriter([path, String(run)])
    const lines = 20 + Math.floor(Math.random() * 1500)
    await child.until((_line, count) => count >= lines)
    child.process.kill('SIGKILL')
    await child.ended
    expect(child.process.signalCode).toBe('SIGKILL')

    const storage = sqliteStorage(path)
    const rows = await auditTenant(await storage.tenant('northwind'))
    await storage.close()
    const said = acknowledged(child.lines)
    expect(said.length).toBeGreaterThanOrEqual(lines - 1)
    const kept = said.filter((line) => {
      const [step, seq, call] = line.split(' ')
      const row = rows[Number(seq)]
      return row?.step === step && row?.call === call && Number(seq) >= before
    })
    expect(kept).toEqual(said)
    before = rows.length
  }
}, 120_000)

verifies(['EM-02', 'CH-12'], 'AUD-07: when a file can grow no further, what is not durable is rejected, and only what was acknowledged is there', async () => {
  const path = folder()
  const child = startWriter([path, '0', '16'], 1500)
  await child.ended
  const rejected = child.lines.filter((line) => line.startsWith('rejected '))
  const said = acknowledged(child.lines)
  expect(said.length).toBeGreaterThan(100)
  expect(rejected.length).toBeGreaterThanOrEqual(200)
  expect(new Set(rejected.map((line) => line.split(' ')[1]))).toSatisfy((codes: Set<string>) => [...codes].every((code) => /^storage_(?:full|failed|unwritable)$/.test(code)))

  const storage = sqliteStorage(path)
  const door = await storage.tenant('northwind')
  const rows = await auditTenant(door)
  expect(rows.map(({ step, call }, seq) => `${step} ${seq} ${call}`)).toEqual(said.toSorted((a, b) => Number(a.split(' ')[1]) - Number(b.split(' ')[1])))
  expect(await door.ledger.note({ kind: 'note', body: '{"call":"with room again"' })).toEqual({ kind: 'noted', seq: rows.length })
  await storage.close()
})

verifies('EM-02', 'AUD-10: a second process is refused with one sentence, and let in as soon as the first one is dead; what that one left open is due at once', async () => {
  const path = folder()
  const first = startWriter([path, '0'])
  await first.until((line) => line.startsWith('intent '))
  const second = startWriter([path, '1'])
  await second.ended
  expect(second.lines).toHaveLength(1)
  expect(second.lines[0]).toMatch(/^refused storage_held Fault: The file \S+control\.db is in use by another owner: stop the other process, [^.]*\.$/)
  expect(() => sqliteStorage(path)).toThrow(expect.objectContaining({ code: 'storage_held' }))
  const count = first.lines.length
  await first.until((_line, now) => now > count + 100) // the rejected ones have not disturbed the owner

  first.process.kill('SIGKILL')
  await first.ended
  const storage = sqliteStorage(path)
  const { ledger } = await storage.tenant('northwind')
  const due = await ledger.due({ limit: 1e6 })
  expect(due.length).toBeGreaterThan(0)
  expect(due.every(({ deadline, admittedAt }) => deadline === 0 && admittedAt > 0)).toBe(true)
  await storage.close()
})

verifies('EM-02', 'a second storage of the same process is refused, and its refusal does not let go of the folder', async () => {
  const path = folder()
  const storage = sqliteStorage(path)
  const { ledger } = await storage.tenant('contoso')
  expect(() => sqliteStorage(path)).toThrow(expect.objectContaining({ code: 'storage_held' }))
  const other = startWriter([path, '0'])
  const answer = await other.until(() => true)
  other.process.kill('SIGKILL')
  await other.ended
  expect(answer).toMatch(/^refused storage_held .*control\.db/)
  expect(await ledger.note({ kind: 'note', body: '{"call":"still here"' })).toEqual({ kind: 'noted', seq: 0 })
  await storage.close()
  const next = sqliteStorage(path)
  expect(await (await next.tenant('contoso')).log.size()).toBe(1)
  await next.close()
})
