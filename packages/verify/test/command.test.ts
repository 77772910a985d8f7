import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkpointFile } from '../../core/src/audit/checkpoint-file.ts'
import { run } from '../src/command.ts'
import { exported, ORIGIN, sampleLog, vkey } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'verify-'))
const path = (name: string) => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(async () => {
  const log = await sampleLog([150, 50], 10)
  const file = await exported(log)
  writeFileSync(path('good.log'), file)
  const bad = Buffer.from(file)
  bad[bad.indexOf('"seq":42,') - 3]! ^= 1
  writeFileSync(path('bad.log'), bad)
  writeFileSync(path('cut.log'), file.subarray(0, file.length / 2))
  writeFileSync(path('key'), `${vkey}\n`)
  writeFileSync(path('note'), log.checkpoints[0]!.note)
  const sink = checkpointFile(path('kept'))
  await sink.publish('someone/else', 'another note')
  for (const { note } of log.checkpoints) await sink.publish(ORIGIN, note)
  appendFileSync(path('kept'), '{"origin":"half')
  const older = await sampleLog([150])
  writeFileSync(path('older.log'), await exported(older))
})

async function said(...argv: string[]) {
  let text = ''
  const status = await run(argv, (more) => void (text += more))
  return { status, text }
}

describe('portcullis-verify', () => {
  test('AU-05: in a process of its own, with nothing installed, says valid and names a bad record', () => {
    const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
    const good = spawnSync(process.execPath, [cli, path('good.log'), '--key', vkey, '--checkpoint', path('kept'), '--json'], { encoding: 'utf8', cwd: folder, env: {} })
    expect([good.status, JSON.parse(good.stdout)]).toEqual([0, { verdict: 'valid', size: 210, covered: 200 }])
    const bad = spawnSync(process.execPath, [cli, path('bad.log'), '--key', path('key')], { encoding: 'utf8', cwd: folder, env: {} })
    expect(bad.status).toBe(1)
    expect(bad.stdout).toBe('INVALID.\nRecord 42 is not the one that was logged at this place: it was altered, removed, moved, doubled or inserted.\n')
  })

  test('imports nothing but what Node brings', () => {
    const sources = ['cli', 'command', 'ed25519', 'format', 'frontier', 'index', 'lines', 'note', 'pinned', 'trees', 'verdict', 'verify-log'].map((name) => readFileSync(fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url)), 'utf8'))
    const imported = sources.flatMap((source) => [...source.matchAll(/(?:from|import\(?) ?'([^']+)'/g)].map(([, name]) => name!))
    expect(imported.filter((name) => !name.startsWith('./') && !name.startsWith('node:'))).toEqual([])
  })

  test('says in sentences what is proven and what is not', async () => {
    expect(await said(path('good.log'), '--key', vkey)).toEqual({
      status: 0,
      text: 'VALID.\nThe first 200 of 210 records are bound by a signed checkpoint and unaltered.\nThe last 10 records are in order, but no checkpoint binds them yet: a change there would not be noticed.\nNo earlier checkpoint was given: records cut off at the end, or a history signed anew, would not be noticed.\n',
    })
    expect((await said(path('good.log'), '--key', path('key'), '--checkpoint', path('note'))).text).not.toContain('No earlier checkpoint')
    const cut = await said(path('older.log'), '--key', vkey, '--checkpoint', path('kept'))
    expect(cut.status).toBe(1)
    expect(cut.text).toContain('those from record 150 on are missing')
    expect(cut.text).toContain('The first 150 records are bound')
  })

  test('undecided and misused are both 2, in words', async () => {
    expect(await said(path('cut.log'), '--key', vkey)).toMatchObject({ status: 2, text: expect.stringContaining('NOT DECIDED.') })
    expect(await said()).toMatchObject({ status: 2, text: expect.stringContaining('Usage:') })
    expect(await said(path('good.log'))).toMatchObject({ status: 2, text: expect.stringContaining('Usage:') })
    expect(await said(path('a'), path('b'), '--key', vkey)).toMatchObject({ status: 2 })
    for (const words of [['--force'], ['--key', vkey], ['--checkpoint'], ['--json', '--json']]) {
      expect(await said(path('good.log'), '--key', vkey, ...words)).toMatchObject({ status: 2, text: expect.stringContaining('Usage:') })
    }
    expect(await said(path('none.log'), '--key', vkey)).toMatchObject({ status: 2, text: expect.stringContaining('Not verified:') })
    writeFileSync(path('empty'), '')
    expect(await said(path('good.log'), '--key', vkey, '--checkpoint', path('empty'))).toMatchObject({ status: 2, text: expect.stringContaining('no checkpoint of this log') })
    expect(await said(path('good.log'), '--key', path('empty'))).toMatchObject({ status: 2, text: expect.stringContaining('not an Ed25519 verifier key') })
  })
})
