import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { checkpointFile } from '../../src/audit/checkpoint-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'checkpoints-'))
afterAll(() => rmSync(folder, { recursive: true }))
const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n')

describe('checkpointFile', () => {
  test('appends one line a note, in order, also from many callers and after a restart', async () => {
    const path = join(folder, 'a')
    const sink = checkpointFile(path)
    await Promise.all(Array.from({ length: 20 }, (_, n) => sink.publish(`o/${n % 3}`, `o\n${n}\nroot\n\n\u2014 o sig\n`)))
    await checkpointFile(path).publish('o/9', 'last')
    const entries = linesOf(path).slice(0, -1).map((line) => JSON.parse(line) as { origin: string; note: string })
    expect(entries.map(({ note }) => note.split('\n')[1] ?? note)).toEqual([...Array.from({ length: 20 }, (_, n) => String(n)), 'last'])
  })

  test('half a line left by a crash spoils no other', async () => {
    const path = join(folder, 'b')
    await checkpointFile(path).publish('o', 'one')
    appendFileSync(path, '{"origin":"o","no')
    await checkpointFile(path).publish('o', 'two')
    expect(linesOf(path)).toEqual(['{"origin":"o","note":"one"}', '{"origin":"o","no', '{"origin":"o","note":"two"}', ''])
  })

  test('AUD-08: a file that became shorter, or vanished, is a fault', async () => {
    const path = join(folder, 'c')
    const sink = checkpointFile(path)
    await sink.publish('o', 'one')
    await sink.publish('o', 'two')
    truncateSync(path, 28)
    await expect(sink.publish('o', 'three')).rejects.toThrow(expect.objectContaining({ code: 'checkpoint_file_shortened' }))
    expect(readFileSync(path)).toHaveLength(28)
    rmSync(path)
    await expect(sink.publish('o', 'four')).rejects.toThrow(expect.objectContaining({ code: 'checkpoint_file_shortened' }))
  })

  test('a folder that is not there fails the caller, and only that one', async () => {
    await expect(checkpointFile(join(folder, 'none', 'c')).publish('o', 'n')).rejects.toThrow('ENOENT')
  })
})
