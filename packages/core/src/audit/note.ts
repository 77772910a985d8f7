import { createHash } from 'node:crypto'
import { assertTrustworthy, verifyEd25519, type SigningKey } from './ed25519.ts'
import { LogFault } from './log-fault.ts'

/** A key that notes are checked with. Name and key id together say which one made a signature line. */
export interface VerifierKey {
  readonly name: string
  readonly publicKey: Uint8Array
}

/** A key that signs notes under a name. */
export interface NoteSigner {
  readonly name: string
  readonly key: SigningKey
}

/** Signature type of the signed-note standard; the ML-DSA and witness lines of others are ignored. */
const ED25519 = 0x01
const MAX_NOTE = 1_048_576
const MAX_SIGNATURES = 64
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/
const NAME = /^[^\p{White_Space}\p{Cc}\p{Surrogate}+]+$/u

/** The verifier key as text, `<name>+<key id in hex>+<base64(0x01 || public key)>`: what an auditor pins. */
export function formatVerifierKey({ name, publicKey }: VerifierKey): string {
  return `${name}+${keyId(name, publicKey).toString('hex')}+${typed(publicKey).toString('base64')}`
}

/** Reads a verifier key and checks its id. Throws `key_invalid`, also for keys of small order. */
export function parseVerifierKey(text: string): VerifierKey {
  const [name, id, encoded] = splitKey(text)
  const bytes = decodeBase64(encoded ?? '')
  if (name === undefined || bytes === undefined || bytes[0] !== ED25519) throw new LogFault('key_invalid', 'not an Ed25519 verifier key')
  const publicKey = Uint8Array.from(bytes.subarray(1))
  if (keyId(name, publicKey).toString('hex') !== id) throw new LogFault('key_invalid', 'the key id does not belong to the key')
  return { name, publicKey }
}

/** Signs `text` (which ends in a newline) as a C2SP signed note, one line per signer in the order given. */
export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<string> {
  if (!text.endsWith('\n') || CONTROL.test(text) || /\p{Surrogate}/u.test(text)) {
    throw new LogFault('note_malformed', 'a note is UTF-8 text that ends in a newline')
  }
  let note = `${text}\n`
  for (const { name, key } of signers) {
    const signature = await key.sign(Buffer.from(text))
    note += `\u2014 ${name} ${Buffer.concat([keyId(name, key.publicKey), signature]).toString('base64')}\n`
  }
  return note
}

/**
 * The text of a note, once at least one of `keys` has signed it; lines of other keys are ignored.
 * Throws `note_malformed`, `note_unsigned` (no line of these keys) or `note_signature_invalid` (a line of these keys that does not verify).
 */
export function openNote(note: string, keys: readonly VerifierKey[]): string {
  const { text, signatures } = splitNote(note)
  const bytes = Buffer.from(text)
  let verified = 0
  for (const { name, id, signature } of signatures) {
    const key = keys.find((candidate) => candidate.name === name && keyId(name, candidate.publicKey).equals(id))
    if (key === undefined) continue
    if (!verifyEd25519(key.publicKey, bytes, signature)) throw new LogFault('note_signature_invalid', 'a signature of a known key does not verify')
    verified++
  }
  if (verified === 0) throw new LogFault('note_unsigned', 'no known key has signed the note')
  return text
}

function splitNote(note: string): { text: string; signatures: { name: string; id: Buffer; signature: Buffer }[] } {
  const end = note.lastIndexOf('\n\n')
  if (note.length > MAX_NOTE || end < 0 || !note.endsWith('\n') || CONTROL.test(note)) throw malformed()
  const lines = note.slice(end + 2, -1).split('\n')
  if (lines.length > MAX_SIGNATURES) throw malformed()
  const signatures = lines.map((line) => {
    const [dash, name, encoded, ...rest] = line.split(' ')
    const bytes = decodeBase64(encoded ?? '')
    if (dash !== '\u2014' || name === undefined || !NAME.test(name) || rest.length > 0 || bytes === undefined || bytes.length <= 4) throw malformed()
    return { name, id: bytes.subarray(0, 4), signature: bytes.subarray(4) }
  })
  return { text: note.slice(0, end + 1), signatures }
}

/** The first four bytes of SHA-256(name || 0x0A || 0x01 || public key). */
function keyId(name: string, publicKey: Uint8Array): Buffer {
  assertTrustworthy(publicKey)
  if (!NAME.test(name)) throw new LogFault('key_invalid', 'a key name holds neither spaces nor "+"')
  return createHash('sha256').update(`${name}\n`).update(typed(publicKey)).digest().subarray(0, 4)
}

const typed = (publicKey: Uint8Array): Buffer => Buffer.concat([Uint8Array.of(ED25519), publicKey])

/** Base64 may hold "+", a name may not: only the first two separate. */
function splitKey(text: string): string[] {
  const [name, id, ...encoded] = text.split('+')
  return name === undefined || id === undefined ? [] : [name, id, encoded.join('+')]
}

/** Strict: one text for one value. Node's decoder alone skips foreign characters and stray bits. */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined
}

const malformed = (): LogFault => new LogFault('note_malformed', 'not a signed note')
