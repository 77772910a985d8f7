import { checkpoint } from '../../core/src/audit/checkpointer.ts'
import type { SigningKey } from '../../core/src/audit/ed25519.ts'
import { exportLog } from '../../core/src/audit/export.ts'
import { formatVerifierKey } from '../../core/src/audit/note.ts'
import { MemoryLog, ORIGIN, signingKey } from '../../core/test/audit/memory-log.ts'
import { verifyLog, type Verdict } from '../src/index.ts'

export { MemoryLog, ORIGIN, signingKey }

export const key: SigningKey = signingKey()
export const vkey = formatVerifierKey({ name: ORIGIN, publicKey: key.publicKey })

/** Appends `steps[0]` records, checkpoints, appends `steps[1]`, and so on; the last step stays without a checkpoint if `tail` is given. */
export async function sampleLog(steps: readonly number[], tail = 0, body?: (seq: number) => object): Promise<MemoryLog> {
  const log = new MemoryLog()
  for (const step of steps) {
    log.append(step, body)
    await checkpoint(log, { origin: ORIGIN, key, now: 1 })
  }
  log.append(tail, body)
  return log
}

export async function exported(log: MemoryLog, publicKey = key.publicKey, origin = ORIGIN): Promise<Buffer> {
  const lines: Uint8Array[] = []
  for await (const line of exportLog(log, { origin, publicKey })) lines.push(line)
  return Buffer.concat(lines)
}

/** The lines of an export, each with its newline. */
export function split(file: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let start = 0; start < file.length; ) {
    const end = file.indexOf(0x0a, start) + 1 || file.length
    lines.push(file.subarray(start, end))
    start = end
  }
  return lines
}

/** Where record `seq` stands among the lines: after the header and one tile line for every 256 records. */
export const lineOf = (seq: number): number => 2 + seq + Math.floor(seq / 256)

export async function* chunks(...parts: readonly (Uint8Array | string)[]): AsyncGenerator<Uint8Array | string> {
  yield* parts
}

export const verified = (file: Uint8Array, checkpoint?: string): Promise<Verdict> =>
  verifyLog(chunks(file), checkpoint === undefined ? { key: vkey } : { key: vkey, checkpoint })
