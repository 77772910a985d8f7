import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const run = promisify(execFile)
const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const LAST_LINE = /Ctrl-C stops everything.*\n/

/** The demo's output up to its n-th sheet. */
async function sheets(child: ChildProcess, count: number, ask?: () => void): Promise<string> {
  let output = ''
  const seen = new Promise<void>((resolve) => child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (output.split(LAST_LINE).length > count) resolve()
  }))
  ask?.()
  await Promise.race([seen, once(child, 'exit')])
  return output
}

/** The part of a sheet below a heading. */
const below = (sheet: string, heading: RegExp): readonly string[] => {
  const lines = sheet.split('\n')
  const start = lines.findIndex((line) => line.startsWith('# ') && heading.test(line)) + 1
  expect(start, String(heading)).toBeGreaterThan(0)
  return lines.slice(start, lines.indexOf('', start))
}

test('`--serve` prints commands that work as they are printed, new ones at Enter, and leaves nothing behind at Ctrl-C', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'serve-test-'))
  const child = spawn(process.execPath, ['--conditions=@portcullis/source', 'src/demo.ts', '--serve'], { cwd: FOLDER, stdio: ['pipe', 'pipe', 'pipe'], env: { TMPDIR: temporary } })
  onTestFinished(async () => {
    // Asked, not killed: the demo ends what it has started also where this test fails.
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
    rmSync(temporary, { recursive: true })
  })
  const sheet = await sheets(child, 1)
  const exports = below(sheet, /^# Tokens live 15 minutes/)
  const shell = async (command: string | undefined): Promise<string> => {
    const { stdout } = await run('bash', ['-c', [...exports, command].join('\n')], { cwd: FOLDER }).catch((failed: { stdout: string }) => failed)
    return stdout
  }

  const [own, foreign, billing, totals, trial] = await Promise.all(below(sheet, /^# curl/).map(shell))
  expect(own).toContain('canary-northwind-acme')
  expect(foreign).toContain('"code":"record_not_found"')
  expect(billing).toContain('"code":-32602')
  expect(totals).toContain('"customers":[{"client_id":11')
  expect(trial?.match(/canary-eastgate-acme/g)?.length).toBeGreaterThanOrEqual(5)
  expect(trial?.match(/"code":"quota_exhausted"/g)).toHaveLength(1)

  const [list, ticket] = await Promise.all(below(sheet, /official client/).map(shell))
  expect(list?.trim().split('\n')).toHaveLength(9)
  expect(JSON.parse(ticket ?? '')).toMatchObject({ ticket: { id: 1001 } })

  const [status, shown, vote, again] = below(sheet, /is held/)
  expect(await shell(status)).toContain('pending, 0 of 1 approvals')
  expect(await shell(shown)).toContain('Arguments: {"id":501}')
  expect(await shell(again)).toContain('approval_pending')
  expect(JSON.parse(await shell(vote))).toMatchObject({ state: 'granted' })
  expect(JSON.parse(await shell(again))).toMatchObject({ article: { id: 501, archived: true } })

  const [renew] = below(sheet, /^# A new token/)
  expect(await shell(`old=$OPERATOR; ${renew}; [ "$old" != "$OPERATOR" ] && ${below(sheet, /^# curl/)[0]}`)).toContain('canary-northwind-acme')

  const next = await sheets(child, 1, () => child.stdin.write('\n'))
  expect(next).toContain('to archive article 504')
  expect(below(next, /^# Tokens live/)).not.toEqual(exports)

  expect(readdirSync(temporary)).toHaveLength(1)
  const group = await childrenOf(child.pid)
  expect(group).toHaveLength(3)
  const exited = once(child, 'exit')
  child.kill('SIGINT')
  expect(await exited).toEqual([0, null])
  expect(group.filter(isAlive)).toEqual([])
  expect(readdirSync(temporary)).toEqual([])
}, 40_000)

test('on PostgreSQL two gateways are served, and a demo that is killed leaves no process and no file behind', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'serve-test-'))
  chmodSync(temporary, 0o755) // PostgreSQL may run as another account
  const child = spawn(process.execPath, ['--conditions=@portcullis/source', 'src/demo.ts', '--serve', '--store', 'postgres'], { cwd: FOLDER, stdio: ['pipe', 'pipe', 'inherit'], env: { TMPDIR: temporary, PATH: process.env['PATH'] } })
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
    rmSync(temporary, { recursive: true })
  })
  const sheet = await sheets(child, 1)
  expect(sheet).toContain('Running: two gateways behind http')
  const [own] = below(sheet, /^# curl/)
  const { stdout } = await run('bash', ['-c', [...below(sheet, /^# Tokens live 15 minutes/), own].join('\n')], { cwd: FOLDER })
  expect(stdout).toContain('canary-northwind-acme')

  const group = await childrenOf(child.pid)
  expect(group).toHaveLength(5)
  const servers = (await Promise.all(group.map(childrenOf))).flat()
  expect(servers).toHaveLength(1)
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  await expect.poll(() => [...group, ...servers].filter(isAlive), { timeout: 30_000 }).toEqual([])
  expect(readdirSync(temporary)).toEqual([])
}, 80_000)

const childrenOf = async (pid: number | undefined): Promise<readonly number[]> =>
  (await run('ps', ['-A', '-o', 'pid=,ppid='])).stdout.trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number)).filter(([, parent]) => parent === pid).map(([id]) => id as number)

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
