import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { keyFile } from '@portcullis/core'
import { hashSecret, pepperOf } from '@portcullis/core/memory'

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'portcullis-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the program in the folder. */
function portcullis(...args: readonly string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@portcullis/source', '--no-warnings', CLI, ...args], { cwd: folder, encoding: 'utf8' })
  return { status, out: stdout, err: stderr }
}

test('key makes a key that only its owner may read, says what to do next, and never overwrites one', () => {
  const made = portcullis('key')
  expect(made).toMatchObject({ status: 0, err: '' })
  expect(made.out).toMatch(/portcullis\.key[^]*keyFile\("\.\/portcullis\.key"\)/)
  const path = join(folder, 'portcullis.key')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(() => keyFile(path)).not.toThrow()
  const before = readFileSync(path, 'utf8')
  expect(made.out).not.toContain(before.split(' ')[1]!.trim())

  const again = portcullis('key')
  expect(again).toMatchObject({ status: 1, out: '' })
  expect(again.err).toMatch(/^There is already a file at \.\/portcullis\.key[^\n]*\n$/)
  expect(readFileSync(path, 'utf8')).toBe(before)

  expect(portcullis('key', 'other.key').status).toBe(0)
  expect(existsSync(join(folder, 'other.key'))).toBe(true)
  expect(portcullis('key', 'one', 'two')).toMatchObject({ status: 2, out: '' })
  expect(existsSync(join(folder, 'one'))).toBe(false)
})

test('secret shows a secret once, with a warning, and the hash that the configuration needs', () => {
  portcullis('key', 'secret.key')
  const pepper = pepperOf(keyFile(join(folder, 'secret.key')))
  const shown = portcullis('secret', '--key', 'secret.key')
  expect(shown).toMatchObject({ status: 0, err: '' })
  const [, secret, keyId] = /^(pcs_prod_([0-9A-Za-z]{10})_[0-9A-Za-z]{43}_[0-9A-Za-z]{6})\n/.exec(shown.out) ?? []
  expect(shown.out).toContain('shown once')
  expect(shown.out).toContain(`id: '${keyId}', secretHash: '${hashSecret(pepper, secret!)}'`)

  const json = portcullis('secret', '--key', 'secret.key', '--env', 'test', '--json')
  const value = JSON.parse(json.out) as Record<string, string>
  expect(Object.keys(value)).toEqual(['secret', 'id', 'secretHash'])
  expect(value['secret']).toMatch(new RegExp(`^pcs_test_${value['id']}_`))
  expect(value['secretHash']).toBe(hashSecret(pepper, value['secret']!))
  expect(json.err).toContain('shown once')
  expect(value['secret']).not.toBe(secret)
})

test('secret says what is missing or wrong, and shows nothing then', () => {
  for (const [args, status, says] of [
    [['secret'], 2, '--key'], [['secret', '--key', 'absent.key'], 1, 'There is no key file at absent.key'], [['secret', '--key', 'secret.key', '--env', 'PROD!'], 1, 'environment'],
    [['secret', '--keys', 'x'], 2, '--keys'],
  ] as const) {
    const { out, ...rest } = portcullis(...args)
    expect(out).toBe('')
    expect(rest).toMatchObject({ status, err: expect.stringContaining(says) })
    expect(rest.err.trim().split('\n')).toHaveLength(1)
  }
})

test('verify is the verifier itself: its words, its exit status', () => {
  writeFileSync(join(folder, 'some.log'), 'no log\n')
  const asked = portcullis('verify')
  expect(asked).toMatchObject({ status: 2, out: expect.stringMatching(/^Usage: portcullis-verify /) })
  const undecided = portcullis('verify', 'some.log', '--key', 'no key')
  expect(undecided.status).toBe(2)
  expect(undecided.out).toMatch(/^(?:Not verified|NOT DECIDED)/)
})

test('each command tells how it is used when it is asked, and does nothing else', () => {
  for (const args of [['classify', '--help'], ['classify', '--url', 'https://x.test', '-h'], ['secret', '--help'], ['key', '--help'], ['verify', '-h']]) {
    expect(portcullis(...args)).toMatchObject({ status: 0, out: expect.stringMatching(/^Usage: portcullis [^]*classify/), err: '' })
  }
  expect(existsSync(join(folder, '--help'))).toBe(false)
  expect(portcullis('classify', '--', '--help')).toMatchObject({ status: 1, out: '', err: expect.stringContaining('cannot be read') })
  expect(portcullis('nothing', '--help')).toMatchObject({ status: 2, out: '' })
})

test('help is asked for or given; an unknown command is one sentence and exit status 2', () => {
  for (const word of ['--help', '-h', 'help']) expect(portcullis(word)).toMatchObject({ status: 0, out: expect.stringMatching(/^Usage: portcullis [^]*key[^]*secret[^]*verify/), err: '' })
  expect(portcullis()).toMatchObject({ status: 2, out: '', err: expect.stringMatching(/^Usage: /) })
  expect(portcullis('constructor')).toEqual({ status: 2, out: '', err: 'There is no command "constructor": see `portcullis --help`.\n' })
})
