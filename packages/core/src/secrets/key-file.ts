import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { Fault } from '../fault.ts'
import { DEPLOYMENT_KEY_BYTES, keysFrom, type Keys } from './keys.ts'

const FORMAT = 'portcullis-key-1'
const LINE = new RegExp(`^${FORMAT} ([A-Za-z0-9_-]+)\\r?\\n?$`)
const LONGEST = 256

/**
 * Reads the deployment key from a file `portcullis-key-1 <base64url of 32 bytes>` that only its owner may read.
 * @throws Fault `key_missing`, `key_unreadable`, `key_exposed` or `key_invalid`; no message holds any of the content.
 */
export function keyFile(path: string): Keys {
  const bytes = readKey(path)
  const keys = keysFrom(bytes)
  bytes.fill(0)
  return keys
}

/**
 * Writes a new random deployment key, mode 0600, on disk (with its directory entry) before it returns.
 * @throws Fault `key_exists` rather than overwrite: a lost deployment key takes every stored secret with it.
 */
export function createKeyFile(path: string): void {
  const file = open(path, 'wx', { EEXIST: ['key_exists', `There is already a file at ${path}; move it away first if it is really no longer needed.`] })
  try {
    writeSync(file, `${FORMAT} ${randomBytes(DEPLOYMENT_KEY_BYTES).toString('base64url')}\n`)
    fsyncSync(file)
  } catch (cause) {
    unlinkSync(path) // half a key would block the next attempt
    throw new Fault('key_unreadable', `The key file ${path} could not be written.`, { cause })
  } finally {
    closeSync(file)
  }
  if (onPosix) syncDirectory(path.slice(0, path.lastIndexOf('/') + 1) || '.')
}

/** Windows reports every file as 0666 and cannot sync a directory: access control lists rule there. */
const onPosix = process.platform !== 'win32'

function readKey(path: string): Buffer {
  const file = open(path, 'r', { ENOENT: ['key_missing', `There is no key file at ${path}: run \`npx portcullis key ${path}\`.`] })
  try {
    const stat = fstatSync(file) // of the open file, so that what is judged is what is read
    if (!stat.isFile()) throw new Fault('key_invalid', `The key path ${path} is not a file.`)
    if (onPosix && (stat.mode & 0o077) !== 0) throw new Fault('key_exposed', `The key file ${path} is open to others: run \`chmod 600 ${path}\`.`)
    const buffer = Buffer.alloc(LONGEST)
    const text = buffer.toString('latin1', 0, readSync(file, buffer, 0, LONGEST, 0))
    buffer.fill(0)
    return decode(path, text)
  } finally {
    closeSync(file)
  }
}

function decode(path: string, text: string): Buffer {
  const encoded = LINE.exec(text)?.[1]
  if (encoded === undefined) throw new Fault('key_invalid', `The key file ${path} must hold one line \`${FORMAT} <key>\`, as \`npx portcullis key\` writes it.`)
  const bytes = Buffer.from(encoded, 'base64url')
  if (bytes.byteLength !== DEPLOYMENT_KEY_BYTES) throw new Fault('key_invalid', `The key in ${path} must have exactly 32 bytes and has ${bytes.byteLength}.`)
  if (bytes.toString('base64url') !== encoded) throw new Fault('key_invalid', `The key in ${path} is damaged: its last character is not one that base64url can end with.`)
  return bytes
}

type Known = Readonly<Record<string, readonly [code: string, message: string]>>

function open(path: string, flags: 'r' | 'wx', known: Known): number {
  try {
    // Non-blocking, because opening a named pipe would otherwise wait for a writer for ever.
    return openSync(path, flags === 'r' ? constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) : flags, 0o600)
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? ''
    const [code, message] = known[errno] ?? ['key_unreadable', `The key file ${path} could not be opened.`]
    throw new Fault(code, message, { cause })
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
