import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Fault } from '../../src/fault.ts'
import { createKeyFile, keyFile } from '../../src/secrets/key-file.ts'
import { keysFrom } from '../../src/secrets/keys.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-key-'))
  path = join(folder, 'deployment.key')
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (text: string, mode = 0o600) => {
  writeFileSync(path, text)
  chmodSync(path, mode)
}
const thrown = (run: () => unknown): Fault => {
  try {
    run()
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
const sentences = (fault: Fault) => fault.message.match(/[.;!?](?=\s|$)/g)?.filter((mark) => mark !== ';').length
const encoded = Buffer.from(Uint8Array.from({ length: 32 }, (_, n) => n * 7)).toString('base64url')

test('what the cli creates is what the server reads, private and with a line of its own', () => {
  createKeyFile(path)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const text = readFileSync(path, 'utf8')
  expect(text).toMatch(/^portcullis-key-1 [\w-]{43}\n$/)
  const bytes = Buffer.from(text.trim().split(' ')[1] ?? '', 'base64url')
  expect(keyFile(path).derive('seal', 32)).toEqual(keysFrom(bytes).derive('seal', 32))
})

test('two keys are never the same, and a key is never overwritten', () => {
  createKeyFile(path)
  const first = readFileSync(path, 'utf8')
  expect(thrown(() => createKeyFile(path)).code).toBe('key_exists')
  expect(readFileSync(path, 'utf8')).toBe(first)
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'))
  expect(thrown(() => createKeyFile(join(folder, 'link'))).code).toBe('key_exists') // a dangling link is not followed
  createKeyFile(join(folder, 'second'))
  expect(readFileSync(join(folder, 'second'), 'utf8')).not.toBe(first)
  expect(readdirSync(folder).toSorted()).toEqual(['deployment.key', 'link', 'second'])
})

test('SE-07: without a key there is no start, and one sentence names the command', () => {
  const fault = thrown(() => keyFile(path))
  expect(fault.code).toBe('key_missing')
  expect(fault.message).toBe(`There is no key file at ${path}: run \`npx portcullis key ${path}\`.`)
})

test.each([0o640, 0o604, 0o660, 0o601, 0o620, 0o644])('a key that others may touch (mode %o) is refused', (mode) => {
  write(`portcullis-key-1 ${encoded}\n`, mode)
  const fault = thrown(() => keyFile(path))
  expect(fault).toMatchObject({ code: 'key_exposed', message: `The key file ${path} is open to others: run \`chmod 600 ${path}\`.` })
})

test.each([
  ['nothing', ''], ['no label', encoded], ['another version', `portcullis-key-2 ${encoded}\n`], ['two keys', `portcullis-key-1 ${encoded}\nportcullis-key-1 ${encoded}\n`],
  ['padding', `portcullis-key-1 ${encoded}=\n`], ['31 bytes', `portcullis-key-1 ${Buffer.alloc(31, 5).toString('base64url')}\n`], ['33 bytes', `portcullis-key-1 ${Buffer.alloc(33, 5).toString('base64url')}\n`],
  ['changed spare bits', `portcullis-key-1 ${encoded.slice(0, -1)}${encoded.endsWith('B') ? 'C' : 'B'}\n`], ['other alphabet', `portcullis-key-1 ${'+/'.repeat(21)}A\n`], ['a large file', 'portcullis-key-1 '.repeat(100_000)],
])('%s: one sentence, nothing of the content', (_, text) => {
  write(text)
  const fault = thrown(() => keyFile(path))
  expect(fault.code).toBe('key_invalid')
  expect(sentences(fault)).toBe(1)
  expect(fault.message).not.toContain(encoded.slice(0, 8))
})

test('a line ending is optional and may be of either kind', () => {
  for (const end of ['', '\n', '\r\n']) {
    write(`portcullis-key-1 ${encoded}${end}`, 0o400)
    expect(keyFile(path).derive('token', 32)).toEqual(keysFrom(Buffer.from(encoded, 'base64url')).derive('token', 32))
  }
})

test('a folder is no key, and a folder that is missing is said as a missing key', () => {
  expect(thrown(() => keyFile(folder)).code).toBe('key_invalid')
  expect(thrown(() => keyFile(join(path, 'below'))).code).toBe('key_missing')
  expect(thrown(() => createKeyFile(join(folder, 'none', 'key'))).code).toBe('key_unreadable')
})
