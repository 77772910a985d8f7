import { describe, expect, test } from 'vitest'
import { checkpoint } from '../../src/audit/checkpointer.ts'
import { exportLog } from '../../src/audit/export.ts'
import { MemoryLog, ORIGIN, signingKey } from './memory-log.ts'

const key = signingKey()
const target = { origin: ORIGIN, publicKey: key.publicKey }
const options = { origin: ORIGIN, key, now: 1 }

async function linesOf(log: MemoryLog): Promise<Buffer[]> {
  const lines: Buffer[] = []
  for await (const line of exportLog(log, target)) lines.push(Buffer.from(line))
  return lines
}

describe('exportLog', () => {
  test('AU-05: header, tiles, exact record bytes, checkpoint: one line each', async () => {
    const log = new MemoryLog()
    log.append(600)
    await checkpoint(log, options)
    log.append(5)
    const lines = await linesOf(log)
    expect(lines).toHaveLength(1 + 3 + 605 + 1)
    expect(lines.every((line) => line.indexOf(0x0a) === line.length - 1)).toBe(true)
    expect(JSON.parse(lines[0]!.toString())).toEqual({ format: 'portcullis-log/1', origin: ORIGIN, key: expect.stringContaining(`${ORIGIN}+`), from: 0, size: 605, covered: 600 })
    const tiles = [lines[1]!, lines[258]!, lines[515]!].map((line) => JSON.parse(line.toString()) as { tile: number; hash?: string })
    expect(tiles.map(({ tile, hash }) => [tile, hash === undefined])).toEqual([[0, false], [1, false], [2, true]])
    expect(lines[2]!.subarray(0, -1)).toEqual(log.records[0]!.bytes)
    expect(lines[608]!.subarray(0, -1)).toEqual(log.records[604]!.bytes)
    expect(JSON.parse(lines.at(-1)!.toString())).toEqual({ checkpoint: log.checkpoints[0]!.note })
  })

  test('a log without records or checkpoints says so', async () => {
    const lines = await linesOf(new MemoryLog())
    expect(lines.map((line) => JSON.parse(line.toString()) as object)).toEqual([expect.objectContaining({ size: 0, covered: 0 }), { checkpoint: null }])
  })

  test('a store that cannot give a faithful export is a fault', async () => {
    const tampered = async (tamper: (log: MemoryLog) => void) => {
      const log = new MemoryLog()
      log.append(300)
      await checkpoint(log, options)
      log.append(10)
      tamper(log)
      return linesOf(log)
    }
    const coded = (code: string) => expect.objectContaining({ code })
    await expect(tampered((log) => void log.records.splice(7, 1))).rejects.toThrow(coded('log_gap'))
    await expect(tampered((log) => void log.records.splice(20))).rejects.toThrow(coded('log_shortened'))
    await expect(tampered((log) => void log.stored.splice(20))).rejects.toThrow(coded('log_gap'))
    await expect(tampered((log) => void log.tree[8].splice(0))).rejects.toThrow(coded('log_gap'))
    const last = (bytes: Uint8Array) => (log: MemoryLog) => void (log.records[309] = { ...log.records[309]!, bytes })
    await expect(tampered(last(Buffer.from('{}\n')))).rejects.toThrow(coded('record_malformed'))
    await expect(tampered(last(Buffer.alloc(1_048_576, 0x20)))).rejects.toThrow(coded('record_malformed'))
  })
})
