import { createHash } from 'node:crypto'
import { isSigned, isTrustworthy } from './ed25519.ts'
import { Finding } from './verdict.ts'

/** A pinned key: its name is the origin of the one log it may sign. */
export interface PinnedKey {
  readonly name: string
  readonly id: Buffer
  readonly publicKey: Buffer
  readonly text: string
}

/** A verified checkpoint. */
export interface SignedRoot {
  readonly size: number
  readonly root: Buffer
}

const MAX_LINES = 64
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/
const NAME = /^[^\p{White_Space}\p{Cc}\p{Surrogate}+]+$/u

/** Reads `<name>+<id>+<base64(0x01 || key)>` (C2SP signed-note). Throws `key_invalid`. */
export function readKey(text: string): PinnedKey {
  const parts = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/u.exec(text)
  const [name, id, encoded] = [parts?.[1] ?? '', parts?.[2] ?? '', parts?.[3] ?? '']
  const typed = base64(encoded)
  const computed = typed && createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4)
  if (!NAME.test(name) || typed?.[0] !== 1 || computed?.toString('hex') !== id) {
    throw new Finding('key_invalid', 'The key given is not an Ed25519 verifier key.')
  }
  const publicKey = typed.subarray(1)
  if (!isTrustworthy(publicKey)) throw new Finding('key_invalid', 'The key given must not be trusted: signatures under it can be forged.')
  return { name, id: computed, publicKey, text }
}

/**
 * Reads a tlog-checkpoint in a signed note. Lines of other keys are ignored, a line of the pinned key must verify.
 * Throws `checkpoint_malformed`, `checkpoint_unsigned`, `signature_invalid` or `origin_mismatch`.
 */
export function openCheckpoint(note: string, key: PinnedKey): SignedRoot {
  const end = note.lastIndexOf('\n\n')
  const lines = note.slice(end + 2, -1).split('\n')
  if (end < 0 || !note.endsWith('\n') || CONTROL.test(note) || lines.length > MAX_LINES) throw malformed()
  const text = note.slice(0, end + 1)
  const own = lines.map(signatureLine).filter(({ name, bytes }) => name === key.name && bytes.subarray(0, 4).equals(key.id))
  if (own.length === 0) throw new Finding('checkpoint_unsigned', 'The checkpoint is not signed by the pinned key.')
  if (!own.every(({ bytes }) => isSigned(key.publicKey, Buffer.from(text), bytes.subarray(4)))) {
    throw new Finding('signature_invalid', 'The signature of the checkpoint does not verify.')
  }
  return body(text, key)
}

function body(text: string, key: PinnedKey): SignedRoot {
  const [origin, size, encoded, ...rest] = text.split('\n')
  const root = base64(encoded ?? '')
  if (rest.pop() !== '' || rest.includes('') || size === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(size) || root?.length !== 32) throw malformed()
  if (!Number.isSafeInteger(Number(size))) throw malformed()
  if (origin !== key.name) throw new Finding('origin_mismatch', 'The checkpoint belongs to another log.')
  return { size: Number(size), root }
}

function signatureLine(line: string): { name: string; bytes: Buffer } {
  const [dash, name, encoded, ...rest] = line.split(' ')
  const bytes = base64(encoded ?? '')
  if (dash !== '\u2014' || name === undefined || !NAME.test(name) || bytes === undefined || bytes.length <= 4 || rest.length > 0) throw malformed()
  return { name, bytes }
}

/** Strict base64: the one text of these bytes, or nothing. */
export function base64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined
}

const malformed = (): Finding => new Finding('checkpoint_malformed', 'The checkpoint is not a signed note with origin, size and root.')
