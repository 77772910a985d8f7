import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { sqliteStorage } from '@portcullis/sqlite'
import { verifies } from '@portcullis/test-support'

const HEADER = 32
const FRAME = 24 + 4096
const FILES = ['control.db', 'control.db-wal', 'tenant-1.db', 'tenant-1.db-wal']

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'portcullis-wal-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function copyOf(from: string): string {
  const to = folder()
  for (const name of FILES) if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name))
  return to
}

/** Batches of several records each, copied as they lie on the disk while the storage is still open: as after a loss of power. */
async function written(): Promise<{ path: string; sizes: number[]; texts: string[] }> {
  const path = folder()
  const storage = sqliteStorage(path)
  const { ledger, log } = await storage.tenant('northwind')
  const sizes = [0]
  for (let batch = 0; batch < 8; batch += 1) {
    await Promise.all(Array.from({ length: 1 + (batch * 5) % 13 }, (_, index) => ledger.note({ kind: 'note', body: `{"batch":${batch},"index":${index},"padding":"${'x'.repeat(900)}"` })))
    sizes.push(await log.size())
  }
  const texts = await textsOf(log)
  const copy = copyOf(path)
  await storage.close()
  return { path: copy, sizes, texts }
}

async function textsOf(log: Awaited<ReturnType<ReturnType<typeof sqliteStorage>['tenant']>>['log']): Promise<string[]> {
  return (await log.read({ from: 0, limit: 1e6 })).map(({ bytes }) => new TextDecoder().decode(bytes))
}

async function recovered(path: string): Promise<string[]> {
  const storage = sqliteStorage(path)
  try {
    return await textsOf((await storage.tenant('northwind')).log)
  } finally {
    await storage.close()
  }
}

verifies('EM-02', 'a log cut off anywhere, at a frame or inside one, opens to whole batches from the beginning', async () => {
  const { path, sizes, texts } = await written()
  const length = statSync(join(path, 'tenant-1.db-wal')).size
  const frames = (length - HEADER) / FRAME
  expect(Number.isInteger(frames) && frames > 20).toBe(true)
  const cuts = Array.from({ length: frames + 1 }, (_, frame) => HEADER + frame * FRAME).flatMap((at, frame) => [at, at + (frame % 2 === 0 ? 1 : 24 + (at % 4000))]).filter((at) => at <= length)
  let last = 0
  const seen = new Set<number>()
  for (const cut of [0, HEADER - 1, ...cuts]) {
    const copy = copyOf(path)
    truncateSync(join(copy, 'tenant-1.db-wal'), cut)
    const found = await recovered(copy)
    expect(sizes, `cut at ${cut}`).toContain(found.length)
    expect(found).toEqual(texts.slice(0, found.length))
    expect(found.length).toBeGreaterThanOrEqual(last)
    last = found.length
    seen.add(last)
  }
  expect(last).toBe(texts.length)
  expect(seen).toEqual(new Set(sizes)) // every batch was the last one of some cut
})

verifies('EM-02', 'a damaged frame ends the log before the batch that it is part of', async () => {
  const { path, sizes, texts } = await written()
  const wal = readFileSync(join(path, 'tenant-1.db-wal'))
  for (let at = HEADER + 100; at < wal.length; at += 3 * FRAME + 777) {
    const copy = copyOf(path)
    const damaged = Buffer.from(wal)
    damaged[at] = damaged[at]! ^ 0x10
    writeFileSync(join(copy, 'tenant-1.db-wal'), damaged)
    const found = await recovered(copy)
    expect(sizes).toContain(found.length)
    expect(found.length).toBeLessThan(texts.length)
    expect(found).toEqual(texts.slice(0, found.length))
  }
})
