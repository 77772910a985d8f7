import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCheckpoint } from '../../src/audit/checkpoint.ts'
import { checkpoint, type CheckpointOptions } from '../../src/audit/checkpointer.ts'
import { leafHash } from '../../src/audit/leaf.ts'
import { openNote } from '../../src/audit/note.ts'
import { verifyConsistency, verifyInclusion } from '../../src/audit/proof.ts'
import { consistencyProof, inclusionProof, treeRoot } from '../../src/audit/tree.ts'
import { MemoryLog, ORIGIN, signingKey } from './memory-log.ts'

const coded = (code: string) => expect.objectContaining({ code })
const options: CheckpointOptions = { origin: ORIGIN, key: signingKey(), now: 5000 }

describe('checkpoint', () => {
  test('AU-04: whatever the steps, each checkpoint is signed, proves every record, and extends the one before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 200, max: 600 })), { minLength: 1, maxLength: 6 }), async (steps) => {
        const log = new MemoryLog()
        for (const step of steps) {
          log.append(step)
          const made = (await checkpoint(log, options))!
          expect(made).toMatchObject({ size: log.records.length, at: 5000 })
          const text = openNote(made.note, [{ name: ORIGIN, publicKey: options.key.publicKey }])
          expect(parseCheckpoint(text)).toEqual({ origin: ORIGIN, size: made.size, root: Uint8Array.from(made.root) })
        }
        const last = log.checkpoints.at(-1)!
        for (const { size, root } of log.checkpoints) {
          const proof = await consistencyProof(log, size, last.size)
          expect(verifyConsistency({ from: size, to: last.size, fromRoot: root, toRoot: last.root, proof })).toBe(true)
        }
        const index = log.records.length >> 1
        const proof = await inclusionProof(log, index, last.size)
        expect(verifyInclusion({ index, size: last.size, leaf: leafHash(log.records[index]!.bytes), root: last.root, proof })).toBe(true)
        expect(log.tree[8]).toHaveLength(Math.floor(last.size / 256))
        expect(Buffer.compare(await treeRoot({ leaves: (range) => log.leaves(range), nodes: async () => [] }, last.size), last.root)).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  test('nothing new, nothing signed, nothing published', async () => {
    const log = new MemoryLog()
    const published: string[] = []
    const sink = { publish: async (origin: string, note: string) => void published.push(`${origin} ${note}`) }
    expect(await checkpoint(log, { ...options, sink })).toBeUndefined()
    log.append(3)
    const made = await checkpoint(log, { ...options, sink })
    expect(await checkpoint(log, { ...options, sink })).toBeUndefined()
    expect(published).toEqual([`${ORIGIN} ${made!.note}`])
  })

  test('the slower of two processes stores nothing', async () => {
    const log = new MemoryLog()
    log.append(300)
    const [one, two] = await Promise.all([checkpoint(log, options), checkpoint(log, options)])
    expect([one, two].filter((made) => made !== undefined)).toHaveLength(1)
    expect(log.checkpoints).toHaveLength(1)
  })

  test('AUD-01: what was rewritten under a checkpoint is never signed again', async () => {
    const tampered = async (tamper: (log: MemoryLog) => void) => {
      const log = new MemoryLog()
      log.append(700)
      await checkpoint(log, options)
      log.append(1)
      tamper(log)
      return checkpoint(log, options)
    }
    await expect(tampered((log) => void (log.stored[690] = leafHash(Buffer.from('other'))))).rejects.toThrow(coded('log_inconsistent'))
    await expect(tampered((log) => void (log.tree[8][1] = Buffer.alloc(32)))).rejects.toThrow(coded('log_inconsistent'))
    await expect(tampered((log) => void log.records.splice(10))).rejects.toThrow(coded('log_shortened'))
    await expect(tampered((log) => void log.stored.splice(650))).rejects.toThrow(coded('log_gap'))
    await expect(tampered((log) => void log.stored.splice(700))).rejects.toThrow(coded('log_gap'))
    const latest = (change: object) => (log: MemoryLog) => void (log.checkpoints[0] = { ...log.checkpoints[0]!, ...change })
    await expect(tampered(latest({ size: 699 }))).rejects.toThrow(coded('log_inconsistent'))
    await expect(tampered(latest({ root: Buffer.alloc(32) }))).rejects.toThrow(coded('log_inconsistent'))
    await expect(tampered(latest({ note: 'x\n1\n\n' }))).rejects.toThrow(coded('note_malformed'))
    expect(await tampered(() => undefined)).toMatchObject({ size: 701 })
  })

  test('AUD-04: after a key rotation the former key is believed only if named', async () => {
    const log = new MemoryLog()
    log.append(1)
    await checkpoint(log, options)
    log.append(1)
    const rotated = { ...options, key: signingKey(8) }
    await expect(checkpoint(log, rotated)).rejects.toThrow(coded('note_unsigned'))
    expect(await checkpoint(log, { ...rotated, formerKeys: [options.key.publicKey] })).toMatchObject({ size: 2 })
  })

  test('a key service that signs badly, or a sink that fails, is a fault with a code', async () => {
    const log = new MemoryLog()
    log.append(1)
    const broken = { publicKey: options.key.publicKey, sign: async () => Buffer.alloc(64) }
    await expect(checkpoint(log, { ...options, key: broken })).rejects.toThrow(coded('note_signature_invalid'))
    expect(log.checkpoints).toHaveLength(0)
    const sink = { publish: () => Promise.reject(new Error('no route')) }
    await expect(checkpoint(log, { ...options, sink })).rejects.toThrow(coded('checkpoint_unpublished'))
  })
})
