import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { sqliteStorage } from '@portcullis/sqlite'
import { verifies } from '@portcullis/test-support'
import { manualClock } from '../../testing/src/index.ts'
import { keyText } from '../src/key-text.ts'

let path = ''
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'portcullis-files-'))
  const made = path
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
})

const note = (body = '{"v":1') => ({ kind: 'note' as const, body })
const refusal = (code: string) => expect.objectContaining({ code, message: expect.stringMatching(/^[^.]*(?:\.\w[^.]*)*\.$/) })

/** Some tenants with a record each, and everything closed. */
async function filled(...tenants: readonly string[]): Promise<void> {
  const storage = sqliteStorage(path)
  for (const tenant of tenants) await (await storage.tenant(tenant)).ledger.note(note(`{"tenant":${JSON.stringify(tenant)}`))
  await storage.close()
}

/** The fault with which a tenant's door stays shut. */
async function fault(tenant: string): Promise<unknown> {
  const storage = sqliteStorage(path)
  try {
    return await storage.tenant(tenant).then(() => 'opened', (error: unknown) => error)
  } finally {
    await storage.close()
  }
}

verifies('IS-01', 'no tenant id is ever part of a path, and files are for their owner only', async () => {
  const outside = readdirSync(tmpdir()).length
  await filled('../../escaped', '/tmp/escaped', 'northwind', '..', 'a\0b')
  expect(readdirSync(path).toSorted()).toEqual(['control.db', ...[1, 2, 3, 4, 5].map((number) => `tenant-${number}.db`)])
  expect(readdirSync(path).map((name) => statSync(join(path, name)).mode & 0o077)).toEqual([0, 0, 0, 0, 0, 0])
  expect(readdirSync(tmpdir()).filter((name) => name.includes('escaped'))).toEqual([])
  expect(outside).toBeGreaterThan(0)
  for (const id of ['', '\ud800', 'x'.repeat(1025)]) expect(await fault(id)).toEqual(refusal('tenant_id_invalid'))
})

verifies('EM-02', 'files that are not ours are refused and left as they are', async () => {
  writeFileSync(join(path, 'control.db'), 'a text that somebody needs, and that is longer than the header of a database file would be'.repeat(3))
  const text = readFileSync(join(path, 'control.db'))
  expect(() => sqliteStorage(path)).toThrow(refusal('storage_foreign'))
  expect(readFileSync(join(path, 'control.db'))).toEqual(text)

  rmSync(join(path, 'control.db'))
  const foreign = new DatabaseSync(join(path, 'control.db'))
  foreign.exec('CREATE TABLE precious (value TEXT)')
  foreign.close()
  const bytes = readFileSync(join(path, 'control.db'))
  expect(() => sqliteStorage(path)).toThrow(refusal('storage_foreign'))
  expect(readFileSync(join(path, 'control.db'))).toEqual(bytes)
})

verifies('EM-02', 'files of a newer version are refused', async () => {
  await filled('northwind')
  const newer = new DatabaseSync(join(path, 'tenant-1.db'))
  newer.exec('PRAGMA user_version = 99')
  newer.close()
  expect(await fault('northwind')).toEqual(refusal('storage_newer'))
})

verifies(['EM-02', 'IS-01'], "a tenant's file that is gone or another tenant's is refused, never replaced", async () => {
  await filled('northwind', 'contoso')
  renameSync(join(path, 'tenant-1.db'), join(path, 'kept.db'))
  expect(await fault('northwind')).toEqual(refusal('storage_missing'))
  writeFileSync(join(path, 'tenant-1.db'), '')
  expect(await fault('northwind')).toEqual(refusal('storage_missing'))
  renameSync(join(path, 'tenant-2.db'), join(path, 'tenant-1.db'))
  expect(await fault('northwind')).toEqual(refusal('storage_foreign'))
  renameSync(join(path, 'kept.db'), join(path, 'tenant-1.db'))
  expect(await fault('northwind')).toBe('opened')
})

verifies(['EM-02', 'AU-04'], 'a damaged file, or a last record that does not fit its hash, is refused', async () => {
  await filled('northwind')
  const database = new DatabaseSync(join(path, 'tenant-1.db'))
  database.exec("UPDATE record SET bytes = CAST('{\"forged\":true}' AS BLOB)")
  database.close()
  expect(await fault('northwind')).toEqual(refusal('storage_corrupt'))
  const bytes = readFileSync(join(path, 'tenant-1.db'))
  bytes.fill(0xaa, 4096)
  writeFileSync(join(path, 'tenant-1.db'), bytes)
  expect(await fault('northwind')).toEqual(refusal('storage_corrupt'))
})

verifies('EM-02', 'each file is durable before it answers: a write-ahead log, synchronous FULL, checked types', async () => {
  await filled('northwind')
  for (const name of ['control.db', 'tenant-1.db']) {
    const database = new DatabaseSync(join(path, name))
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    const tables = database.prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND strict = 0").all()
    expect(tables).toEqual([])
    database.close()
  }
})

verifies('EM-02', 'many tenants share few open files: work in all of them at once, and no open call is taken for a dead one', async () => {
  const clock = manualClock(Date.UTC(2026, 10, 22))
  const storage = sqliteStorage(path, { clock, openFiles: 2 })
  const doors = await Promise.all(Array.from({ length: 9 }, (_, index) => storage.tenant(`tenant ${index}`)))
  const admit = async ({ ledger, authorize }: (typeof doors)[number], call: number) => ledger.admit({
    kind: 'admit', callId: `call ${call}`, authorization: await authorize('facts'), principal: 'ada', deadlineMs: 1000, job: { instance: 'psa', tool: 'psa.close' },
    limits: { included: 100, overage: false, tenantPerMinute: 100, principalPerMinute: 100 }, body: '{"v":1',
  })
  const answers = await Promise.all([0, 1, 2].flatMap((call) => doors.map((door) => admit(door, call))))
  expect(answers.map(({ kind }) => kind)).toEqual(Array.from({ length: 27 }, () => 'admitted'))
  expect(readdirSync(path).filter((name) => /^tenant-.*-wal$/.test(name)).length).toBeLessThanOrEqual(2)
  for (const { log, ledger } of doors) {
    expect(await log.size()).toBe(3)
    expect(await ledger.due({ limit: 9 })).toEqual([])
    expect((await ledger.recall('call 1'))?.deadline).toBe(clock.now() + 1000)
  }
  await storage.close()
  await expect(doors[0]!.ledger.note(note())).rejects.toEqual(refusal('storage_closed'))
  await expect(storage.tenant('tenant 0')).rejects.toEqual(refusal('storage_closed'))
  await storage.close()
})

test('different texts are different keys, whatever they hold', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (one, two) => {
    expect(keyText(one) === keyText(two)).toBe(one === two)
    expect(keyText(keyText(one)) === keyText(one)).toBe(keyText(one) === one)
    expect(keyText(one).isWellFormed() && !keyText(one).includes('\0')).toBe(true)
  }))
  expect(new Set(['a\ud800', 'a\ud801', 'a\ufffd', 'a', 'a\0', 'a\0b', '"a\\ud800"', ''].map(keyText)).size).toBe(8)
})

verifies('EM-02', 'a value that does not fit is refused alone; the store is not taken for broken', async () => {
  const storage = sqliteStorage(path, { clock: manualClock(Date.UTC(2026, 10, 22)) })
  const { ledger, log, authorize } = await storage.tenant('northwind')
  const admission = {
    kind: 'admit' as const, authorization: await authorize('facts'), principal: 'ada', job: { instance: 'psa', tool: 'psa.close' },
    limits: { included: 100, overage: false, tenantPerMinute: 100, principalPerMinute: 100 }, body: '{"v":1',
  }
  const odd: readonly object[] = [{}, { job: { instance: 1n, tool: 'psa.close' } }, {}, { deadlineMs: Number.NaN }, { deadlineMs: 0.5 }]
  const answers = await Promise.allSettled(odd.map((item, call) => ledger.admit({ ...admission, callId: `call ${call}`, deadlineMs: 100, ...item })))
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
  expect(await log.size()).toBe(3)
  expect(await ledger.callsOf('ada')).toEqual({ used: 0, reserved: 3 })
  await storage.close()
})
